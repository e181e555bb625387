-- One row per deal that a document of one system names by its id: the deal it means, in whichever system that is kept.
with

named_deals as (
    {% for object in ['leads', 'quotes', 'approvals', 'signatures', 'contracts', 'orders', 'order_lines'] -%}
        select source_system, opportunity_id as named_deal_id from {{ ref('stg_' ~ object) }}
        where opportunity_id is not null
        {% if not loop.last %}union{% endif %}
    {% endfor -%}
),

deals as (select * from {{ ref('int_deal_ids') }}),

-- An ERP, an office system or a marketing tool writes a CRM's id. One that two CRMs use names neither.
unique_ids as (
    select
        source_deal_id,
        min(opportunity_id) as opportunity_id,
        min(customer_id) as customer_id,
        min(source_system) as deal_system,
    from deals
    group by source_deal_id
    having count(distinct opportunity_id) = 1
),

final as (
    select
        named_deals.source_system,
        named_deals.named_deal_id,
        coalesce(own.opportunity_id, others.opportunity_id) as opportunity_id,
        coalesce(own.customer_id, others.customer_id) as customer_id,
        if(own.opportunity_id is not null, own.source_system, others.deal_system) as deal_system,
    from named_deals
    left join deals as own
        on named_deals.source_system = own.source_system and named_deals.named_deal_id = own.source_deal_id
    left join unique_ids as others on named_deals.named_deal_id = others.source_deal_id
    where own.opportunity_id is not null or others.opportunity_id is not null
)

select * from final
