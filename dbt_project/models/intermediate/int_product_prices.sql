-- One row per product and span of days with one list price and one cost.
with systems as (
    select
        source_system,
        priority
    from {{ source('control', 'systems') }}
),

priced_versions as (
    select
        records.product_id,
        products.source_system,
        products.source_id,
        products.valid_from,
        products.list_price,
        products.unit_cost,
        products.currency,
        coalesce(systems.priority, 1000) as priority
    from {{ ref('stg_products') }} as products
    inner join {{ ref('int_product_records') }} as records
        on products.source_system = records.source_system
        and coalesce(products.product_id, products.source_id) = records.source_key
    left join systems on products.source_system = systems.source_system
    where products.list_price is not null or products.unit_cost is not null
),

-- one system's price list applies to a product: two interleaved lists would make a third
leading_versions as (
    select * from priced_versions
    qualify source_system = first_value(source_system) over (
        partition by product_id order by priority asc, source_system asc
    )
),

dated_versions as (
    select * from leading_versions
    qualify row_number() over (partition by product_id, valid_from order by source_id desc) = 1
)

select
    product_id,
    list_price,
    unit_cost,
    currency,
    -- sales before the first known price use that price
    if(
        row_number() over (partition by product_id order by valid_from asc nulls first) = 1,
        date '0001-01-01',
        valid_from
    ) as priced_from,
    coalesce(
        lead(valid_from) over (partition by product_id order by valid_from asc nulls first) - 1,
        date '9999-12-31'
    ) as priced_to
from dated_versions
