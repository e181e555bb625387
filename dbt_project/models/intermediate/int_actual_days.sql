-- One row per metric, dimension member and day on which something happened, up to as_of: the actuals for the targets.
with

metric_days as (select * from {{ ref('int_metric_days') }}),

run as (select * from {{ source('control', 'run') }}),

level_days as (
    {% for level in ['region', 'product_line', 'team'] %}
        select
            metric,
            '{{ level }}' as level,
            coalesce({{ level }}, 'unmapped') as member,
            happened_on,
            y,
        from metric_days
        union all
    {% endfor %}
    select
        metric,
        'total' as level,
        '' as member,
        happened_on,
        y,
    from metric_days
    union all
    select
        metric_days.metric,
        levels.level,
        {{ level_member('levels.level', 'metric_days') }} as member,
        metric_days.happened_on,
        metric_days.y,
    from metric_days
    inner join {{ ref('series_levels') }} as levels on metric_days.metric = levels.metric
),

-- Every won deal once, so that reps add up to the total; plans that name a rep are read by int_plan_members.
rep_days as (
    select
        'bookings' as metric,
        'rep' as level,
        coalesce(deals.rep_id, 'unmapped') as member,
        deals.closed_on as happened_on,
        cast(deals.amount_base as double) as y,
    from {{ ref('opportunities') }} as deals
    cross join run
    where
        deals.is_won
        and deals.closed_on <= run.as_of
),

final as (
    select * from level_days
    union all
    select * from rep_days
)

select
    metric,
    level,
    member,
    happened_on,
    -- Sums of decimals do not depend on the order of rows, sums of doubles do.
    cast(sum(cast(y as decimal(18, 4))) as double) as y,
from final
group by all
