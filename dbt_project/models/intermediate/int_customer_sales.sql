-- One row per customer that was ever invoiced, ordered or paid: its money, over all time and in the year to as_of.
with run as (
    select
        as_of,
        cast(as_of - interval 12 month as date) as year_ago,
        cast(as_of - interval 24 month as date) as two_years_ago
    from {{ source('control', 'run') }}
),

invoiced as (
    select
        customer_id,
        sum(amount_base) as revenue_total,
        sum(amount_base) filter (where invoiced_on > run.year_ago) as revenue_12m,
        sum(amount_base) filter (where invoiced_on between run.two_years_ago + 1 and run.year_ago)
            as revenue_previous_12m,
        sum(amount_base - cost_base) filter (where invoiced_on > run.year_ago) as margin_12m,
        min(invoiced_on) as first_invoiced_on,
        max(invoiced_on) as last_invoiced_on,
        count(distinct source_system || '|' || coalesce(invoice_id, order_id)) as invoice_count,
        count(distinct product_id) filter (where invoiced_on > run.year_ago) as product_count_12m
    from {{ ref('int_revenue_lines') }}
    cross join run
    where customer_id is not null and invoiced_on <= run.as_of
    group by customer_id
),

ordered as (
    select
        customer_id,
        count(distinct source_system || '|' || order_id) as order_count,
        count(distinct source_system || '|' || order_id) filter (where ordered_on > run.year_ago) as order_count_12m,
        max(ordered_on) as last_ordered_on
    from {{ ref('int_order_lines') }}
    cross join run
    where customer_id is not null and not is_cancelled and ordered_on <= run.as_of
    group by customer_id
),

paid as (
    select
        customer_id,
        sum(amount_base) as receipts_gross_total,
        sum(amount_base) filter (where received_on > run.year_ago) as receipts_gross_12m,
        sum(amount_net_base) as receipts_net_total,
        sum(amount_net_base) filter (where received_on > run.year_ago) as receipts_net_12m,
        count(*) filter (where amount_net_base is null) as receipt_without_net_count,
        max(received_on) as last_received_on
    from {{ ref('receipts') }}
    cross join run
    where customer_id is not null and received_on <= run.as_of
    group by customer_id
),

billed as (
    select
        customer_id,
        sum(amount_gross_base) as invoiced_gross_total,
        sum(open_base) as open_items_base,
        count(*) filter (where settlement_code in ('open', 'partly_paid')) as open_invoice_count,
        count(*) filter (where settlement_code = 'overpaid') as overpaid_invoice_count
    from {{ ref('invoices') }}
    where customer_id is not null
    group by customer_id
)

select *
from invoiced
full join ordered using (customer_id)
full join paid using (customer_id)
full join billed using (customer_id)
