-- No member twice: the forecasts of the members of a level never sum to more than that of the total. They may sum to
-- less: a member whose last year is negative has no share.
with

days as (
    select
        metric,
        level,
        sum(y) as y
    from {{ ref('int_actual_days') }}
    group by all
),

levels as (
    select
        metric,
        level,
        period_start,
        sum(yhat) as yhat
    from {{ ref('allocated_forecasts') }}
    group by all
)

select
    levels.metric,
    levels.level,
    levels.period_start,
    levels.yhat,
    totals.yhat as total
from levels
inner join levels as totals
    on levels.metric = totals.metric and levels.period_start = totals.period_start and totals.level = 'total'
where levels.yhat > 1.001 * totals.yhat + 0.01
union all
-- and so do the actuals that targets are compared with
select
    days.metric,
    days.level,
    null,
    days.y,
    totals.y
from days
inner join days as totals on days.metric = totals.metric and totals.level = 'total'
where abs(days.y - totals.y) > 0.01
