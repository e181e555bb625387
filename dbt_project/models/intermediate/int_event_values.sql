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

{{ event_weeks() }},

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
