-- One row per invoice that asks for money: the terms agreed, when it is due, when it was paid.
with

run as (select * from {{ source('control', 'run') }}),

-- Of a customer that a system keeps twice with different terms they are not known.
terms as (
    select
        links.source_system,
        links.customer_id,
        if(count(distinct accounts.payment_terms_days) = 1, min(accounts.payment_terms_days), null) as terms_days,
    from {{ ref('stg_accounts') }} as accounts
    inner join {{ ref('customer_crosswalk') }} as links using (source_system, source_id)
    where accounts.payment_terms_days is not null
    group by all
),

-- Payments are known up to the newest list of them. Of a system that sends none nobody knows what is open: none is asked for.
payments as (
    select
        source_system,
        min(last_exported_on) as known_to,
    from {{ ref('int_source_coverage') }}
    where metric = 'receipts'
    group by source_system
),

final as (
    select
        invoices.source_system,
        invoices.invoice_id,
        invoices.customer_id,
        invoices.invoiced_on,
        terms.terms_days,
        invoices.invoiced_on + cast(terms.terms_days as integer) as due_on,
        if(invoices.settlement_code = 'settled', invoices.last_received_on, null) as paid_on,
        payments.known_to as payments_known_to,
        date_diff('day', invoices.invoiced_on, coalesce(paid_on, run.as_of)) as age_days,
        cast(invoices.amount_net_base as double) as net_base,
        cast(invoices.amount_gross_base as double) as gross_base,
        cast(invoices.open_base as double) as open_base,
    from {{ ref('invoices') }} as invoices
    cross join run
    inner join payments using (source_system)
    left join terms using (source_system, customer_id)
    where invoices.gross_amount > 0 and invoices.invoiced_on <= run.as_of
)

select * from final
