-- One row per product reference of one system, by code or by name, with the code it means in that system.
with named_products as (
    {% for fact in ['invoice_lines', 'opportunities', 'opportunity_lines', 'order_lines'] -%}
        select
            source_system,
            coalesce(product_id, 'name:' || product_name) as product_source_id,
            product_id,
            product_name
        from {{ ref('stg_' ~ fact) }}
        where product_id is not null or product_name is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

-- exports write one product in several ways: the most frequent name wins, among equals the first alphabetically
counted_names as (
    select
        source_system,
        product_source_id,
        any_value(product_id) as product_code,
        product_name,
        count(*) as row_count
    from named_products
    group by source_system, product_source_id, product_name
),

referenced_products as (
    select * from counted_names
    qualify row_number() over (
        partition by source_system, product_source_id
        order by product_name is null asc, row_count desc, product_name asc
    ) = 1
),

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
    referenced.product_source_id,
    referenced.product_code,
    referenced.product_name,
    coalesce(known_codes.source_key, known_names.source_key, referenced.product_source_id) as source_key,
    case
        when known_codes.source_key is not null then 'code'
        when known_names.source_key is not null then 'name'
        else 'implied'
    end as rule
from referenced_products as referenced
left join known_codes
    on referenced.source_system = known_codes.source_system
    and referenced.product_source_id = known_codes.source_key
left join known_names
    on referenced.source_system = known_names.source_system
    and {{ name_key('referenced.product_name') }} = known_names.name_key
