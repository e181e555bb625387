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
        payments.has_ended as has_payments_ended,
        date_diff('day', invoices.invoiced_on, coalesce(paid_on, run.as_of)) as age_days,
        cast(invoices.amount_net_base as double) as net_base,
        cast(invoices.amount_gross_base as double) as gross_base,
        cast(invoices.open_base as double) as open_base,
    from {{ ref('invoices') }} as invoices
    cross join run
    -- of a system that sends no list of payments nobody knows what is open: its invoices are not asked for
    inner join {{ ref('int_payment_lists') }} as payments using (source_system)
    left join terms using (source_system, customer_id)
    where invoices.gross_amount > 0 and invoices.invoiced_on <= run.as_of
)

select * from final
