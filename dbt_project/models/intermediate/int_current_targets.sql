-- One row per metric, dimension member and period that has a target now: the one that was given, or the sum of its months
-- or quarters where every one of them has a target.
with

given as (
    select *, 'given' as target_basis from {{ ref('targets') }}
    where is_current
),

spans as (
    select distinct
        month_start as part_start,
        'month' as part,
        unnest(['quarter', 'year']) as period,
        unnest([fiscal_quarter_start, fiscal_year_start]) as period_start,
        unnest([3, 12]) as part_count,
        unnest([3, 12]) as month_count,
    from {{ ref('calendar') }}
    union all
    select distinct fiscal_quarter_start, 'quarter', 'year', fiscal_year_start, 4, 12
    from {{ ref('calendar') }}
),

sums as (
    select
        given.metric,
        given.level,
        given.member,
        spans.period,
        spans.period_start,
        cast(spans.period_start + to_months(any_value(spans.month_count)) - interval 1 day as date) as period_end,
        cast(sum(given.amount_base) as decimal(18, 4)) as amount_base,
        if(min(given.version) = max(given.version), min(given.version), 'mixed') as version,
        spans.part || 's' as target_basis,
    from given
    inner join spans on given.period_start = spans.part_start and given.period = spans.part
    group by given.metric, given.level, given.member, spans.part, spans.period, spans.period_start
    having count(given.amount_base) = any_value(spans.part_count)
),

-- Months say more than quarters of what a year was planned to be.
formed as (
    select
        concat_ws('|', target_basis, metric, level, member, period, period_start) as target_id,
        *,
        true as is_current,
    from sums
    anti join given using (metric, level, member, period, period_start)
    qualify row_number() over (partition by metric, level, member, period, period_start order by target_basis) = 1
)

select * from given
union all by name
select * from formed
