-- One row per order that was not cancelled: what was ordered, invoiced and received, as far as documents name each other.
with

run as (select * from {{ source('control', 'run') }}),

orders as (
    select
        source_system,
        order_id,
        min(ordered_on) as ordered_on,
        sum(amount_base) as ordered_base,
    from {{ ref('orders') }}
    where order_id is not null and not is_cancelled
    group by source_system, order_id
),

-- A bill names its order line by line; of a bill for two orders each has the lines that name it.
billed as (
    select
        source_system,
        order_id,
        min(invoiced_on) as first_invoiced_on,
        max(invoiced_on) as last_invoiced_on,
        sum(amount_base) as invoiced_base,
    from {{ ref('int_invoice_lines') }}
    cross join run
    where order_id is not null and not is_cancelled and invoiced_on <= run.as_of
    group by source_system, order_id
),

order_invoices as (
    select distinct source_system, order_id, invoice_id
    from {{ ref('int_invoice_lines') }}
    where order_id is not null and invoice_id is not null and not is_cancelled
),

-- A payment names a bill; where that is for several orders, each counts its day and none is split.
paid as (
    select
        order_invoices.source_system,
        order_invoices.order_id,
        min(receipts.received_on) as first_received_on,
        max(receipts.received_on) as last_received_on,
        count(distinct receipts.receipt_id) as receipt_count,
    from {{ ref('receipts') }} as receipts
    cross join run
    inner join order_invoices
        on receipts.source_system = order_invoices.source_system and receipts.invoice_id = order_invoices.invoice_id
    where receipts.received_on <= run.as_of
    group by all
),

final as (
    select
        orders.*,
        billed.first_invoiced_on,
        billed.last_invoiced_on,
        billed.invoiced_base,
        paid.first_received_on,
        paid.last_received_on,
        coalesce(paid.receipt_count, 0) as receipt_count,
    from orders
    left join billed using (source_system, order_id)
    left join paid using (source_system, order_id)
)

select * from final
