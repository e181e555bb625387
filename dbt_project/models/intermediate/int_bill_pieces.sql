-- One row per product and item on a path of its bill of material: pieces of the item in one piece of the product.
with recursive

run as (select * from {{ source('control', 'run') }}),

codes as (
    {{ product_codes() }}
),

bom as (
    select
        lower(trim(bom.product_id)) as made,
        lower(trim(bom.component_id)) as item,
        cast(bom.quantity as double) as pieces,
    from {{ ref('stg_bills_of_material') }} as bom
    cross join run
    where
        coalesce(bom.valid_from, run.as_of) <= run.as_of
        and coalesce(bom.valid_to, run.as_of) >= run.as_of
),

-- Pieces of every item in one piece of a product, itself included; ten levels stop a bill that contains itself.
exploded as (
    -- a double: the type of the first branch is that of all levels, and a decimal of 1.0 would end at 9.9
    select item as made, item, cast(1 as double) as pieces, 0 as depth
    from codes
    union all
    select exploded.made, bom.item, exploded.pieces * bom.pieces, exploded.depth + 1
    from exploded
    inner join bom on exploded.item = bom.made
    where exploded.depth < 10
),

final as (
    select made, item, pieces from exploded
)

select * from final
