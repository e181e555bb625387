-- One row per KPI, dimension member, period and version of the plan: target, actual, attainment and pace.
with

run as (select * from {{ source('control', 'run') }}),

kpis as (select * from {{ ref('kpis') }}),

actuals as (select * from {{ ref('kpi_values') }}),

calendar as (select * from {{ ref('calendar') }}),

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
    from calendar
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
targets as (
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
),

working_days as (
    select
        periods.period_start,
        periods.period_end,
        count(*) filter (where calendar.is_working_day and calendar.is_past)
        / nullif(count(*) filter (where calendar.is_working_day), 0) as elapsed_share,
    from (select distinct period_start, period_end from targets) as periods
    inner join calendar on calendar.day between periods.period_start and periods.period_end
    group by all
),

known_members as (select distinct kpi, dimension, member from actuals),

final as (
    select
        targets.* exclude (target_value, basis),
        targets.basis,
        replace(kpis.unit, 'base currency', run.base_currency) as unit,
        targets.target_value,
        -- nothing happened is 0 for what adds up; a member or a KPI that nobody knows has no actual
        coalesce(
            actuals.value,
            if(kpis.kind = 'amount' and known_members.kpi is not null and targets.period_start <= run.as_of, 0, null)
        ) as actual_value,
        actuals.n,
        actual_value / nullif(targets.target_value, 0) as attainment,
        working_days.elapsed_share,
        if(kpis.kind = 'amount', attainment / nullif(working_days.elapsed_share, 0), null) as pace,
        targets.period_end + cast(kpis.settles_after_days as integer) <= run.as_of as is_complete,
        if(kpis.direction = 'down', actual_value <= targets.target_value, actual_value >= targets.target_value) as is_reached,
    from targets
    cross join run
    left join kpis on targets.kpi = kpis.kpi
    left join working_days
        on targets.period_start = working_days.period_start and targets.period_end = working_days.period_end
    left join known_members
        on targets.kpi = known_members.kpi
        and targets.dimension = known_members.dimension
        and targets.member = known_members.member
    left join actuals
        on targets.kpi = actuals.kpi
        and targets.dimension = actuals.dimension
        and targets.member = actuals.member
        and targets.period = actuals.period
        and targets.period_start = actuals.period_start
)

select * from final
