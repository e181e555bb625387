-- One row per product reference of one system, by code or by name, with the code it means in that system.
with

{{ referenced_by(['invoice_lines', 'opportunities', 'opportunity_lines', 'order_lines'], 'product_id', 'product_name') }},

known_products as (
    select distinct
        source_system,
        coalesce(product_id, source_id) as source_key,
        {{ name_key('product_name') }} as name_key
    from {{ ref('stg_products') }}
),

known_codes as (
    select distinct
        source_system,
        source_key
    from known_products
),

known_names as (
    select
        source_system,
        name_key,
        min(source_key) as source_key
    from known_products
    where name_key is not null
    group by all
    having count(distinct source_key) = 1
)

select
    referenced.source_system,
    referenced.reference as product_source_id,
    referenced.code as product_code,
    referenced.name as product_name,
    coalesce(known_codes.source_key, known_names.source_key, referenced.reference) as source_key,
    case
        when known_codes.source_key is not null then 'code'
        when known_names.source_key is not null then 'name'
        else 'implied'
    end as rule
from referenced
left join known_codes
    on referenced.source_system = known_codes.source_system
    and referenced.reference = known_codes.source_key
left join known_names
    on referenced.source_system = known_names.source_system
    and {{ name_key('referenced.name') }} = known_names.name_key
