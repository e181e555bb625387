-- One row per series and complete period: the history that is forecast. Periods without values after the first are
-- zero. A period is complete when it has ended and every source that contributes has been exported past its end.
with run as (
    select as_of from {{ source('control', 'run') }}
),

coverage as (select * from {{ ref('int_metric_coverage') }}),

frequencies as (
    select 'MS' as freq, 'month' as unit, interval 1 month as step
    union all
    select 'W-MON', 'week', interval 7 day
    union all
    select 'QS', 'quarter', interval 3 month
),

-- every member of every level; teams of bookings only, where the rep is known
member_days as (
    select metric, 'total' as level, '' as member, happened_on, y from {{ ref('int_metric_days') }}
    union all
    select metric, 'region', coalesce(region, 'unmapped'), happened_on, y from {{ ref('int_metric_days') }}
    union all
    select metric, 'product_line', coalesce(product_line, 'unmapped'), happened_on, y from {{ ref('int_metric_days') }}
    where metric <> 'new_customers'
    union all
    select metric, 'team', coalesce(team, 'unmapped'), happened_on, y from {{ ref('int_metric_days') }}
    where metric = 'bookings'
    union all
    select days.metric, levels.level, {{ level_member('levels.level', 'days') }}, days.happened_on, days.y
    from {{ ref('int_metric_days') }} as days
    inner join {{ ref('series_levels') }} as levels on days.metric = levels.metric
),

member_periods as (
    select
        member_days.metric,
        member_days.level,
        member_days.member,
        frequencies.freq,
        frequencies.step,
        cast(date_trunc(frequencies.unit, member_days.happened_on) as date) as ds,
        cast(
            date_trunc(frequencies.unit, least(run.as_of, coalesce(coverage.covered_to, run.as_of)) + 1) as date
        ) as first_incomplete,
        -- decimals: a sum of doubles depends on their order, and a rebuild must give the same rows
        cast(sum(cast(member_days.y as decimal(28, 4))) as double) as y
    from member_days
    cross join frequencies
    cross join run
    left join coverage on member_days.metric = coverage.metric
    group by all
),

series as (
    select
        metric,
        level,
        member,
        freq,
        cast(
            unnest(generate_series(min(ds), any_value(first_incomplete) - interval 1 day, any_value(step))) as date
        ) as ds
    from member_periods
    group by metric, level, member, freq
)

select
    series.metric || '|' || series.level || '|' || series.member || '|' || series.freq as unique_id,
    series.metric,
    series.level,
    series.member,
    series.freq,
    series.ds,
    coalesce(member_periods.y, 0) as y
from series
left join member_periods
    on series.metric = member_periods.metric
    and series.level = member_periods.level
    and series.member = member_periods.member
    and series.freq = member_periods.freq
    and series.ds = member_periods.ds
