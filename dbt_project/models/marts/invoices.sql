-- One row per invoice: net and gross amount, what was received for it up to as_of, and what is open.
with received as (
    select
        receipts.source_system,
        receipts.invoice_id,
        -- a payment in another currency than the invoice's counts at the invoice's rate
        sum(if(receipts.currency = invoices.currency, receipts.amount, receipts.amount_base / invoices.base_rate))
            as received_amount,
        count(*) as receipt_count,
        max(receipts.received_on) as last_received_on,
    from {{ ref('receipts') }} as receipts
    inner join {{ ref('int_invoices') }} as invoices using (source_system, invoice_id)
    cross join {{ source('control', 'run') }} as run
    where receipts.received_on <= run.as_of
    group by receipts.source_system, receipts.invoice_id
),

measured as (
    select
        invoices.* exclude (net_share),
        if(payments.known_to is null, null, coalesce(received.received_amount, 0)) as received_amount,
        coalesce(received.receipt_count, 0) as receipt_count,
        received.last_received_on,
        payments.known_to as receipts_exported_on,
        invoices.amount_gross - if(payments.known_to is null, null, coalesce(received.received_amount, 0)) as open_amount,
    from {{ ref('int_invoices') }} as invoices
    left join received using (source_system, invoice_id)
    -- what was paid after the newest list of payments is not known, nor what was paid at all where no list comes
    left join {{ ref('int_payment_lists') }} as payments using (source_system)
    cross join {{ source('control', 'run') }} as run
    where invoices.invoiced_on <= run.as_of
)

select
    source_system,
    invoice_id,
    customer_id,
    invoiced_on,
    currency,
    cast(amount_net as decimal(18, 4)) as net_amount,
    cast(amount_gross as decimal(18, 4)) as gross_amount,
    cast(received_amount as decimal(18, 4)) as received_amount,
    cast(open_amount as decimal(18, 4)) as open_amount,
    receipt_count,
    last_received_on,
    receipts_exported_on,
    -- five cents: payments are rounded to the cent, line by line
    case
        when open_amount is null then 'unknown'
        when abs(open_amount) <= 0.05 then 'settled'
        when amount_gross < 0 then 'credit'
        when open_amount < 0 then 'overpaid'
        when receipt_count > 0 then 'partly_paid'
        else 'open'
    end as settlement_code,
    cast(amount_base as decimal(18, 4)) as amount_net_base,
    {{ multiply_money('amount_gross', 'base_rate') }} as amount_gross_base,
    {{ multiply_money('received_amount', 'base_rate') }} as received_base,
    {{ multiply_money('open_amount', 'base_rate') }} as open_base,
from measured
