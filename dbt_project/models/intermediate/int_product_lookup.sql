-- One row per product reference of one system: the product it means.
with names_in_use as (
    select
        source_system,
        product_source_id,
        source_key
    from {{ ref('int_product_references') }}
    union
    select
        source_system,
        source_key as product_source_id,
        source_key
    from {{ ref('int_product_records') }}
)

select
    names_in_use.source_system,
    names_in_use.product_source_id,
    products.product_id,
    products.product_name,
    products.product_line
from names_in_use
inner join {{ ref('int_product_records') }} as records
    on names_in_use.source_system = records.source_system and names_in_use.source_key = records.source_key
inner join {{ ref('int_products') }} as products on records.product_id = products.product_id
