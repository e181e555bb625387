-- Every level of a metric tells the same story: its members sum to the total in every period.
with totals as (
    select
        metric,
        freq,
        ds,
        y
    from {{ ref('series_history') }}
    where level = 'total'
),

levels as (
    select
        metric,
        level,
        freq,
        ds,
        sum(y) as y
    from {{ ref('series_history') }}
    where level <> 'total'
    group by all
)

select
    levels.*,
    totals.y as total
from levels
left join totals
    on levels.metric = totals.metric and levels.freq = totals.freq and levels.ds = totals.ds
where abs(levels.y - totals.y) > 0.01 or totals.y is null
