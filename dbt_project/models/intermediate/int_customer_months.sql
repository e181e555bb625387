-- One row per customer and month end: what decides its tier, by what had happened by then.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select {{ rule('history_months') }} as months from {{ ref('customer_rules') }}),

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

final as (
    select
        customers.*,
        coalesce(amounts.amount_12m, 0) as amount_12m,
        coalesce(contacts.activity_count_90d, 0) as activity_count_90d,
    from customers
    left join amounts using (customer_id, month_end)
    left join contacts using (customer_id, month_end)
)

select * from final
