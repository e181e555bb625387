-- One row per step from lead to cash and system of its documents: how many name the document before, and find it.
with

deals as (select * from {{ ref('int_deal_lookup') }}),

orders as (
    select
        source_system,
        order_id,
        max(source_opportunity_id) as named_id,
        sum(amount_base) as amount_base,
    from {{ ref('orders') }}
    where order_id is not null and not is_cancelled
    group by source_system, order_id
),

invoices as (
    select
        source_system,
        invoice_id,
        max(order_id) as named_id,
        sum(amount_base) as amount_base,
    from {{ ref('int_invoice_lines') }}
    where invoice_id is not null and not is_cancelled
    group by source_system, invoice_id
),

documents as (
    select 'lead_to_deal' as step_code, source_system, opportunity_id as named_id, cast(null as decimal(18, 4)) as amount_base
    from {{ ref('stg_leads') }}
    where opportunity_id is not null or converted_on is not null
    {% for object in ['quotes', 'signatures', 'contracts'] -%}
        union all
        select '{{ object }}_to_deal', source_system, opportunity_id, null
        from {{ ref('stg_' ~ object) }}
    {% endfor -%}
    union all
    select 'orders_to_deal', source_system, named_id, amount_base from orders
),

linked as (
    select
        documents.*,
        deals.opportunity_id is not null as is_linked,
    from documents
    left join deals on documents.source_system = deals.source_system and documents.named_id = deals.named_deal_id
    union all
    select
        'approvals_to_quote',
        approvals.source_system,
        approvals.document_id,
        null,
        quotes.source_id is not null,
    from {{ ref('stg_approvals') }} as approvals
    left join (select distinct source_id from {{ ref('stg_quotes') }}) as quotes
        on approvals.document_id = quotes.source_id
    union all
    select
        'invoices_to_order',
        invoices.source_system,
        invoices.named_id,
        invoices.amount_base,
        orders.order_id is not null,
    from invoices
    left join orders on invoices.source_system = orders.source_system and invoices.named_id = orders.order_id
    union all
    select
        'receipts_to_invoice',
        receipts.source_system,
        receipts.invoice_id,
        receipts.amount_base,
        invoices.invoice_id is not null,
    from {{ ref('receipts') }} as receipts
    left join invoices on receipts.source_system = invoices.source_system and receipts.invoice_id = invoices.invoice_id
),

final as (
    select
        step_code,
        source_system,
        count(*) as document_count,
        count(named_id) as naming_count,
        count(*) filter (where is_linked) as linked_count,
        linked_count / document_count as linked_share,
        cast(sum(amount_base) as decimal(18, 4)) as amount_base,
        -- Documents without amounts have none of it linked, rather than zero.
        cast(sum(if(is_linked, amount_base, 0 * amount_base)) as decimal(18, 4)) as linked_amount_base,
        case
            when naming_count = 0 then 'never_told'
            when linked_count = document_count then 'all_linked'
            when linked_count = naming_count then 'told_in_part'
            else 'named_not_found'
        end as link_code,
    from linked
    group by step_code, source_system
)

select * from final
