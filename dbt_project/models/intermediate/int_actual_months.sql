-- One row per metric, level, member and month that had ended by as_of, from the member's first month on: the actual.
-- A month without values is 0.
with

run as (select * from {{ source('control', 'run') }}),

months as (
    select
        metric,
        level,
        member,
        cast(date_trunc('month', happened_on) as date) as period_start,
        round(sum(y), 4) as y,
    from {{ ref('int_actual_days') }}
    group by all
),

spans as (
    select
        months.metric,
        months.level,
        months.member,
        cast(unnest(generate_series(
            min(months.period_start), date_trunc('month', any_value(run.as_of) + 1) - interval 1 month, interval 1 month
        )) as date) as period_start,
    from months
    cross join run
    group by all
)

select
    spans.*,
    coalesce(months.y, 0) as y,
from spans
left join months using (metric, level, member, period_start)
