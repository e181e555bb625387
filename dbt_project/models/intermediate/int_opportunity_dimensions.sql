-- One row per deal record, void ones and duplicates included: what it is grouped by, in the company's terms.
-- `unmapped` where no source has a value.
with

deals as (select * rename (record_id as opportunity_id) from {{ ref('int_opportunity_records') }}),

products as (select * from {{ ref('int_products') }}),

reps as (select * from {{ ref('int_reps') }}),

regions as (select * from {{ ref('regions') }}),

-- A deal without a product of its own is about the product of its largest line.
main_lines as (
    select
        source_system,
        opportunity_id as source_deal_id,
        coalesce(product_id, 'name:' || product_name) as product_source_id,
    from {{ ref('stg_opportunity_lines') }}
    where product_id is not null or product_name is not null
    qualify row_number() over (
        partition by source_system, opportunity_id
        order by amount desc nulls last, source_id
    ) = 1
),

deal_references as (
    select
        deals.opportunity_id,
        deals.source_system,
        coalesce(deals.product_id, 'name:' || deals.product_name, main_lines.product_source_id) as product_source_id,
        coalesce(deals.owner_id, 'name:' || deals.owner_name) as rep_source_id,
    from deals
    left join main_lines using (source_system, source_deal_id)
),

deal_products as (
    select
        deal_references.opportunity_id,
        records.product_id,
    from deal_references
    inner join {{ ref('int_product_references') }} using (source_system, product_source_id)
    inner join {{ ref('int_product_records') }} as records using (source_system, source_key)
),

deal_reps as (
    select
        deal_references.opportunity_id,
        records.rep_id,
    from deal_references
    inner join {{ ref('int_rep_references') }} using (source_system, rep_source_id)
    inner join {{ ref('int_rep_records') }} as records using (source_system, source_key)
),

final as (
    select
        deals.opportunity_id,
        deal_reps.rep_id,
        reps.rep_name,
        coalesce(nullif(trim(deals.team), ''), reps.team, 'unmapped') as team,
        coalesce({{ region_word('deals.region', 'regions') }}, reps.region, 'unmapped') as region,
        deal_products.product_id,
        products.product_name,
        coalesce(nullif(products.product_line, 'unmapped'), nullif(trim(deals.product_line), ''), 'unmapped')
            as product_line,
        coalesce(nullif(trim(deals.channel), ''), 'unmapped') as channel,
        coalesce(nullif(trim(deals.deal_type), ''), 'unmapped') as deal_type,
    from deals
    left join deal_products using (opportunity_id)
    left join products on deal_products.product_id = products.product_id
    left join deal_reps using (opportunity_id)
    left join reps on deal_reps.rep_id = reps.rep_id
    left join regions on {{ same_word('deals.region', 'regions.word') }}
)

select * from final
