-- One row per product: each attribute from the first system, by priority, that has a value.
with ranked_records as (
    select
        *,
        row_number() over (
            partition by product_id order by is_implied asc, priority asc, source_system asc, source_key asc
        ) as rank
    from {{ ref('int_product_records') }}
)

select
    product_id,
    coalesce(
        arg_min(product_name, rank) filter (where product_name is not null),
        arg_min(source_key, rank)
    ) as product_name,
    coalesce(arg_min(product_line, rank) filter (where product_line is not null), 'unmapped') as product_line,
    arg_min(product_group, rank) filter (where product_group is not null) as product_group,
    arg_min(list_price, rank) filter (where list_price is not null) as list_price,
    arg_min(currency, rank) filter (where list_price is not null) as list_currency,
    arg_min(unit_cost, rank) filter (where unit_cost is not null) as unit_cost,
    arg_min(currency, rank) filter (where unit_cost is not null) as cost_currency,
    arg_min(is_active, rank) filter (where is_active is not null) as is_active,
    bool_and(is_implied) as is_implied,
    arg_min(source_system, rank) as source_system,
    arg_min(source_key, rank) as product_code,
    count(*) as record_count,
    count(distinct source_system) as system_count
from ranked_records
group by product_id
