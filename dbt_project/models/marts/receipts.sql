-- One row per payment received, tax included and net of it, in base currency at the rate of its day.
with receipts as (
    select
        receipts.*,
        coalesce(receipts.currency, run.base_currency) as known_currency
    from {{ ref('stg_receipts') }} as receipts
    cross join {{ source('control', 'run') }} as run
)

select
    receipts.source_system || '|' || receipts.source_id as receipt_id,
    customers.customer_id,
    receipts.invoice_id,
    receipts.order_id,
    receipts.received_on,
    receipts.known_currency as currency,
    receipts.amount,
    cast(rates.rate as decimal(18, 8)) as base_rate,
    rates.rated_on as base_rated_on,
    {{ multiply_money('receipts.amount', 'rates.rate') }} as amount_base,
    invoices.net_share,
    cast({{ multiply_money('receipts.amount', 'rates.rate') }} * invoices.net_share as decimal(18, 4)) as amount_net_base,
    receipts.source_system,
    receipts.source_id,
    receipts.account_source_id
from receipts
left join {{ source('resolved', 'customer_map') }} as customers
    on receipts.source_system = customers.source_system
    and receipts.account_source_id is not distinct from customers.source_id
left join {{ ref('int_exchange_rates') }} as rates
    on receipts.known_currency = rates.currency and receipts.received_on = rates.rate_on
left join {{ ref('int_invoices') }} as invoices
    on receipts.source_system = invoices.source_system and receipts.invoice_id = invoices.invoice_id
