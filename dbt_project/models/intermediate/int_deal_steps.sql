-- One row per real deal that a document names, or whose systems are named elsewhere: its documents and money, step by step.
with

documents as (select * from {{ ref('int_deal_documents') }}),

cash as (select * from {{ ref('int_order_cash') }}),

-- Documents that ever name a deal record of this system: only there is one that is not named a gap.
telling as (
    select
        records.opportunity_id,
        bool_or(told.step_code = 'lead') as tells_leads,
        bool_or(told.step_code = 'quote') as tells_quotes,
        bool_or(told.step_code in ('signature', 'contract')) as tells_signing,
        bool_or(told.step_code = 'order') as tells_orders,
    from {{ ref('int_deal_ids') }} as records
    inner join (select distinct step_code, deal_system from documents) as told on records.source_system = told.deal_system
    group by records.opportunity_id
),

named as (
    select
        opportunity_id,
        arg_min(document_id, happened_on) filter (where step_code = 'lead') as lead_id,
        min(happened_on) filter (where step_code = 'lead') as lead_on,
        min(happened_on) filter (where step_code = 'quote') as first_quoted_on,
        count(*) filter (where step_code = 'quote') as quote_version_count,
        min(happened_on) filter (where step_code in ('signature', 'contract')) as signed_on,
        count(*) filter (where step_code = 'order') as order_count,
    from documents
    group by opportunity_id
),

newest_quotes as (
    select
        opportunity_id,
        arg_max(quote_version_id, quoted_on) as quote_version_id,
    from {{ ref('quotes') }}
    where is_newest
    group by opportunity_id
),

billing as (
    select distinct source_system from cash
    where first_invoiced_on is not null
),

deal_cash as (
    select
        documents.opportunity_id,
        min(cash.ordered_on) as first_ordered_on,
        sum(cash.ordered_base) as ordered_base,
        min(cash.first_invoiced_on) as first_invoiced_on,
        sum(cash.invoiced_base) as invoiced_base,
        min(cash.first_received_on) as first_received_on,
        max(cash.last_received_on) as last_received_on,
        sum(cash.receipt_count) as receipt_count,
        -- An ERP whose bills never name an order says nothing of any.
        bool_or(billing.source_system is not null) as is_invoice_told,
    from documents
    inner join cash on documents.document_id = cash.source_system || '|' || cash.order_id
    left join billing on cash.source_system = billing.source_system
    where documents.step_code = 'order'
    group by documents.opportunity_id
),

final as (
    select
        telling.*,
        newest_quotes.quote_version_id,
        named.* exclude (opportunity_id),
        deal_cash.* exclude (opportunity_id),
    from telling
    left join named using (opportunity_id)
    left join newest_quotes using (opportunity_id)
    left join deal_cash using (opportunity_id)
)

select * from final
