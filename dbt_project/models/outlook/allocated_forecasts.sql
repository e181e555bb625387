-- One row per metric, dimension member and future month: its own forecast, or its share of the forecast of the total.
with

run as (select * from {{ source('control', 'run') }}),

own_forecasts as (
    select
        {{ series_part('metric') }} as metric,
        {{ series_part('level') }} as level,
        {{ series_part('member') }} as member,
        period_start,
        yhat,
        lo_80,
        hi_80,
        'series' as basis,
    from {{ source('forecast', 'latest') }}
    where
        scenario = 'base'
        and {{ series_part('freq') }} = 'MS'
),

last_year as (
    select
        days.metric,
        days.level,
        days.member,
        -- Decimals: a sum of doubles depends on their order, and a rebuild must give the same rows.
        cast(sum(cast(days.y as decimal(28, 4))) as double) as y,
    from {{ ref('int_actual_days') }} as days
    cross join run
    where days.happened_on > run.as_of - interval 1 year
    group by all
),

shares as (
    select
        members.metric,
        members.level,
        members.member,
        members.y / nullif(totals.y, 0) as share,
    from last_year as members
    inner join last_year as totals on members.metric = totals.metric and totals.level = 'total'
    where members.level <> 'total' and members.y >= 0
),

-- Teams and reps have no series of their own: their share of the last twelve months is applied to the total.
shared_forecasts as (
    select
        shares.metric,
        shares.level,
        shares.member,
        totals.period_start,
        totals.yhat * shares.share as yhat,
        cast(null as double) as lo_80,
        cast(null as double) as hi_80,
        'share_of_total' as basis,
    from shares
    inner join own_forecasts as totals on shares.metric = totals.metric and totals.level = 'total'
    anti join own_forecasts as owned
        on shares.metric = owned.metric and shares.level = owned.level and shares.member = owned.member
),

final as (
    select * from own_forecasts
    union all
    select * from shared_forecasts
)

select * from final
