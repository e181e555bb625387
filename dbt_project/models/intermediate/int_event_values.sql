-- One row per event, metric, group and half of its time: how many values there are, their mean and their variance.
with

windows as (select * from {{ ref('int_event_windows') }}),

deals as (select * from {{ ref('opportunities') }}),

dated_values as (
    select 'win_rate' as metric, closed_on as day, cast(is_won as integer) as value, region, product_line
    from deals
    where (is_won or is_lost) and closed_on is not null
    union all
    select 'sales_cycle', closed_on, sales_cycle_days, region, product_line
    from deals
    where is_won and sales_cycle_days is not null
    union all
    select 'satisfaction', surveys.answered_on, surveys.score_share, customers.region, null
    from {{ ref('surveys') }} as surveys
    left join {{ ref('customer_360') }} as customers using (customer_id)
    where surveys.score_share is not null
    union all
    -- How far what reps typed in lay from what came, over the month ends at which the deal was open.
    select
        'judgement_error',
        any_value(deals.closed_on),
        avg(abs(months.probability - cast(months.is_won as integer)) order by months.month_end),
        any_value(deals.region),
        any_value(deals.product_line),
    from {{ ref('int_probability_months') }} as months
    inner join deals using (opportunity_id)
    group by deals.opportunity_id
),

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
),

all_values as (
    select windows.event_id, dated_values.metric, windows.is_affected, windows.is_after, dated_values.value
    from dated_values
    inner join windows
        on dated_values.day between windows.window_from and windows.window_to and {{ in_event_group('dated_values') }}
    union all
    select event_id, metric, is_affected, is_after, value from relative_weeks
    where value is not null
    union all
    select event_id, 'retention', is_affected, is_after, is_kept from {{ ref('int_event_customers') }}
),

final as (
    select
        event_id,
        metric,
        is_affected,
        is_after,
        count(*) as value_count,
        -- In an order of their own: sums of fractions must not depend on that of the rows.
        avg(value order by value) as mean_value,
        coalesce(var_samp(value order by value), 0) as variance,
    from all_values
    group by all
)

select * from final
