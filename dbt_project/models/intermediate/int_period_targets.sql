-- One row per KPI, dimension member, period and version of the plan: the target that was given, or the sum of its months.
with

kpis as (select * from {{ ref('kpis') }}),

given as (
    select
        metric as kpi,
        level as dimension,
        member,
        period,
        period_start,
        period_end,
        version,
        is_current,
        cast(amount_base as double) as target_value,
        'given' as basis,
    from {{ ref('targets') }}
    qualify row_number() over (
        partition by metric, level, member, period, period_start, version order by is_current desc, target_id asc
    ) = 1
),

spans as (
    select distinct
        month_start,
        unnest(['quarter', 'year']) as period,
        unnest([fiscal_quarter_start, fiscal_year_start]) as period_start,
        unnest([3, 12]) as month_count,
    from {{ ref('calendar') }}
),

-- Months add up to quarters and years where all of them have a target and the KPI is one that adds up: as they were
-- planned at first, and, where a month was revised, as they stand now.
plans as (
    select *, 'original' as plan from given
    where version = 'original'
    union all
    select *, 'current' as plan from given
    where is_current
),

rolled as (
    select
        plans.kpi,
        plans.dimension,
        plans.member,
        spans.period,
        spans.period_start,
        cast(spans.period_start + to_months(any_value(spans.month_count)) - interval 1 day as date) as period_end,
        if(plans.plan = 'original', 'original', 'revised') as version,
        bool_and(plans.is_current) as is_current,
        sum(plans.target_value) as target_value,
        'months' as basis,
    from plans
    inner join kpis on plans.kpi = kpis.kpi and kpis.kind = 'amount' and kpis.numerator_over_time = 'sum'
    inner join spans on plans.period_start = spans.month_start
    where plans.period = 'month'
    group by plans.kpi, plans.dimension, plans.member, plans.plan, spans.period, spans.period_start
    having
        count(plans.target_value) = any_value(spans.month_count)
        and (plans.plan = 'original' or bool_or(plans.version <> 'original'))
),

-- A target that was given for a period goes before the sum of its months.
final as (
    select * from given
    union all
    select rolled.* replace (rolled.is_current and given.kpi is null as is_current)
    from rolled
    left join given
        on
        rolled.kpi = given.kpi
        and rolled.dimension = given.dimension
        and rolled.member = given.member
        and rolled.period = given.period
        and rolled.period_start = given.period_start
        and given.is_current
    where given.version is distinct from rolled.version
)

select * from final
