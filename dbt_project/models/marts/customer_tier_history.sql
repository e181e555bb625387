-- One row per customer and month end: the tier that it had by what was known then, and how it got there.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select max(threshold) filter (where rule = 'history_months') as months from {{ ref('customer_rules') }}),

month_ends as (
    select
        last_day(cast(unnest(generate_series(
            date_trunc('month', run.as_of + 1) - to_months(cast(rules.months as integer)),
            date_trunc('month', run.as_of + 1) - interval 1 month, interval 1 month
        )) as date)) as month_end,
    from run
    cross join rules
),

basis as (select coalesce(max(tier_basis), 'revenue') as tier_basis from {{ ref('int_customer_tiers') }}),

-- Money that decides the tier, by day: invoices, or won deals where a company exports no invoice and no order.
money as (
    select customer_id, invoiced_on as happened_on, amount_base, 'revenue' as tier_basis from {{ ref('int_revenue_lines') }}
    where invoiced_on is not null
    union all
    select customer_id, closed_on, amount_base, 'won_amount' from {{ ref('opportunities') }}
    where is_won and closed_on is not null
),

money_months as (
    select customer_id, last_day(happened_on) as month_end, sum(amount_base) as amount_base, from money
    semi join basis using (tier_basis)
    group by all
),

contact_days as (
    select customer_id, occurred_on, count(*) as activity_count from {{ ref('int_activities') }}
    group by all
),

first_days as (
    select customer_id, min(day) as known_on, from (
        select customer_id, created_on as day from {{ ref('int_customers') }}
        union all
        select customer_id, happened_on from money
        union all
        select customer_id, created_on from {{ ref('opportunities') }}
        union all
        select customer_id, occurred_on from contact_days
    )
    where customer_id is not null
    group by customer_id
),

customers as (
    select first_days.*, month_ends.month_end, coalesce(golden.is_strategic, false) as is_strategic, basis.tier_basis,
    from first_days
    inner join month_ends on first_days.known_on <= month_ends.month_end
    inner join {{ ref('int_customers') }} as golden using (customer_id)
    cross join basis
),

amounts as (
    select customers.customer_id, customers.month_end, sum(money_months.amount_base) as amount_12m, from customers
    inner join money_months
        on customers.customer_id = money_months.customer_id
        and customers.month_end >= money_months.month_end
        and money_months.month_end > customers.month_end - interval 12 month - interval 3 day
    where date_diff('month', money_months.month_end, customers.month_end) < 12
    group by all
),

contacts as (
    select customers.customer_id, customers.month_end, sum(contact_days.activity_count) as activity_count_90d, from customers
    inner join contact_days
        on customers.customer_id = contact_days.customer_id
        and contact_days.occurred_on between customers.month_end - 89 and customers.month_end
    group by all
),

measured as (
    select
        customers.*,
        coalesce(amounts.amount_12m, 0) as amount_12m,
        coalesce(contacts.activity_count_90d, 0) as activity_count_90d,
    from customers
    left join amounts using (customer_id, month_end)
    left join contacts using (customer_id, month_end)
),

reached as (
    select measured.*, tiers.tier, tiers.tier_order, {{ reached_tier('measured', 'tiers') }} as reached_by, from measured
    cross join {{ ref('tiers') }} as tiers
    where reached_by is not null
    qualify row_number() over (partition by measured.customer_id, measured.month_end order by tiers.tier_order) = 1
),

final as (
    select
        customer_id,
        month_end,
        tier,
        reached_by as tier_reason,
        tier_basis,
        cast(amount_12m as decimal(18, 4)) as amount_12m,
        cast(activity_count_90d as bigint) as activity_count_90d,
        lag(tier) over customer_months as previous_tier,
        case
            when lag(tier_order) over customer_months is null and known_on > last_day(month_end - interval 1 month) then 'new'
            when lag(tier_order) over customer_months is null then 'first_shown'
            when tier_order < lag(tier_order) over customer_months then 'up'
            when tier_order > lag(tier_order) over customer_months then 'down'
            else 'same'
        end as move_code,
        first_value(tier) over (customer_months rows between 12 preceding and 12 preceding) as tier_year_before,
    from reached
    window customer_months as (partition by customer_id order by month_end)
)

select * from final
