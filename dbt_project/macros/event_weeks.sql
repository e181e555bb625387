{#
  CTE `relative_weeks`: the money of each week of an event's windows, of those that it affects and of their control, as a
  multiple of their usual week before. Needs the CTEs `windows` and `deals`. Not a model: nothing else reads weeks.
#}
{% macro event_weeks() -%}
-- Heads are known by region: an event of a product line has none of its own.
heads as (
    select
        windows.event_id,
        windows.is_affected,
        heads.period_start as month_start,
        sum(heads.value order by heads.region) as heads,
    from (
        select member as region, cast(null as varchar) as product_line, period_start, value
        from {{ ref('kpi_values') }}
        where kpi = 'heads' and dimension = 'region' and period = 'month'
    ) as heads
    inner join (select distinct event_id, level, member, is_affected from windows) as windows
        on windows.level <> 'product_line' and {{ in_event_group('heads') }}
    group by windows.event_id, windows.is_affected, heads.period_start
    -- A month in which a region of the group does not tell its people would divide by too few.
    qualify count(*) = max(count(*)) over (partition by windows.event_id, windows.is_affected)
),

money as (
    select 'bookings' as metric, closed_on as day, amount_base as amount, region, product_line
    from deals
    where is_won and closed_on is not null
    union all
    select 'revenue', invoiced_on, amount_base, region, product_line
    from {{ ref('revenue') }}
    where invoiced_on is not null
),

weeks as (
    select
        *,
        unnest(range(
            cast(if(is_after, 0, -((first_day - window_from) // 7)) as bigint),
            cast(if(is_after, (window_to - first_day + 1) // 7, 0) as bigint)
        )) as week,
    from windows
),

-- A week without money is a week of zero.
weekly_sums as (
    select
        weeks.event_id,
        metrics.metric,
        weeks.is_affected,
        weeks.is_after,
        weeks.week,
        cast(date_trunc('month', weeks.first_day + cast(7 * weeks.week as integer)) as date) as month_start,
        coalesce(sums.amount, 0) as amount,
    from weeks
    cross join (values ('bookings'), ('revenue')) as metrics (metric)
    left join (
        select
            windows.event_id,
            money.metric,
            windows.is_affected,
            cast(floor((money.day - windows.first_day) / 7) as bigint) as week,
            sum(money.amount) as amount,
        from money
        inner join windows on money.day between windows.window_from and windows.window_to and {{ in_event_group('money') }}
        group by all
    ) as sums
        on weeks.event_id = sums.event_id
        and metrics.metric = sums.metric
        and weeks.is_affected = sums.is_affected
        and weeks.week = sums.week
),

-- As a multiple of the group's usual week before, so that a large control can stand beside a small region.
relative_weeks as (
    select
        *,
        -- In the order of the weeks: a mean of fractions must not depend on that of the rows.
        amount / nullif(avg(amount) filter (where not is_after) over (
            partition by event_id, metric, is_affected order by week
            rows between unbounded preceding and unbounded following
        ), 0) as value,
    from (
        select * from weekly_sums
        union all
        select weekly_sums.* replace ('revenue_per_head' as metric, weekly_sums.amount / nullif(heads.heads, 0) as amount)
        from weekly_sums
        inner join heads using (event_id, is_affected, month_start)
        where weekly_sums.metric = 'revenue'
    )
)
{%- endmacro %}
