-- One row per document that names a deal: lead, quote, signed envelope, contract or order, with its day.
{% set documents = [
    ('lead', 'leads', 'documents.created_on', 'true'),
    ('quote', 'quotes', 'documents.quoted_on', 'true'),
    ('signature', 'signatures', local_date('documents.signed_at'), 'documents.signed_at is not null'),
    ('contract', 'contracts', 'coalesce(documents.signed_on, documents.started_on)', 'documents.previous_contract_id is null'),
] %}
with

run as (select * from {{ source('control', 'run') }}),

orders as (
    select
        source_system,
        order_id as source_id,
        source_opportunity_id as opportunity_id,
        min(ordered_on) as ordered_on,
    from {{ ref('orders') }}
    where order_id is not null and not is_cancelled and source_opportunity_id is not null
    group by all
),

named as (
    {% for step, object, day, condition in documents -%}
        select
            '{{ step }}' as step_code,
            documents.source_system,
            documents.source_id,
            documents.opportunity_id as named_deal_id,
            {{ day }} as happened_on,
        from {{ ref('stg_' ~ object) }} as documents
        cross join run
        where documents.opportunity_id is not null and {{ condition }}
        union all
    {% endfor -%}
    select 'order', source_system, source_id, opportunity_id, ordered_on
    from orders
),

final as (
    select
        named.step_code,
        named.source_system || '|' || named.source_id as document_id,
        deals.opportunity_id,
        deals.deal_system,
        named.happened_on,
    from named
    cross join run
    inner join {{ ref('int_deal_lookup') }} as deals using (source_system, named_deal_id)
    where named.happened_on <= run.as_of
)

select * from final
