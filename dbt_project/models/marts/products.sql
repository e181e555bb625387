-- One row per product; products that only sales lines name are included.
select
    product_id,
    product_name,
    product_line,
    product_group,
    list_price,
    list_currency,
    unit_cost,
    cost_currency,
    is_active,
    is_implied,
    source_system,
    product_code,
    record_count,
    system_count
from {{ ref('int_products') }}
