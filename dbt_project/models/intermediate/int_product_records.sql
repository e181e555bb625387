-- One row per product of one system, of which several may be the same product (same product_id).
with run as (
    select * from {{ source('control', 'run') }}
),

systems as (
    select
        source_system,
        priority
    from {{ source('control', 'systems') }}
),

-- a product list keeps old versions of a product: the one valid at as_of wins, else the newest
listed_products as (
    select
        products.source_system,
        coalesce(products.product_id, products.source_id) as source_key,
        products.source_id,
        products.product_name,
        products.product_line,
        products.product_group,
        products.list_price,
        products.unit_cost,
        products.currency,
        products.is_active,
        false as is_implied
    from {{ ref('stg_products') }} as products
    cross join run
    qualify row_number() over (
        partition by products.source_system, source_key
        order by
            coalesce(products.valid_from <= run.as_of, true)
            and coalesce(products.valid_to >= run.as_of, true) desc,
            products.valid_from desc nulls last,
            products.exported_at desc,
            products.source_id asc
    ) = 1
),

implied_products as (
    select
        source_system,
        source_key,
        product_code,
        product_name,
        true as is_implied
    from {{ ref('int_product_references') }}
    where rule = 'implied'
),

-- a code without a name means the listed product of that code in another system, if only one system lists it
codes_listed_once as (
    select
        source_key,
        any_value(product_name) as product_name
    from listed_products
    group by all
    having count(*) = 1
),

known_records as (
    select * from listed_products
    union all by name
    select
        implied_products.* exclude (product_code, product_name),
        coalesce(implied_products.product_name, codes_listed_once.product_name) as product_name
    from implied_products
    left join codes_listed_once
        on implied_products.product_code = codes_listed_once.source_key
        and implied_products.product_name is null
),

product_records as (
    select
        known_records.*,
        {{ name_key('known_records.product_name') }} as name_key,
        coalesce(systems.priority, 1000) as priority
    from known_records
    left join systems on known_records.source_system = systems.source_system
),

{{ merge_by_name('product_records') }}

select
    merged_id as product_id,
    * exclude (merged_id, name_key)
from merged_records
