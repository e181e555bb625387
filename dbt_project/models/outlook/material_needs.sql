-- One row per item that is stocked or built into products: how long it lasts, what to order, by when.
with recursive

run as (select * from {{ source('control', 'run') }}),

rules as (select map_from_entries(list((rule, value))) as value from {{ ref('supply_rules') }}),

codes as (
    select lower(trim(product_code)) as item, any_value(product_id) as product_id
    from {{ ref('products') }}
    group by item
    having count(*) = 1
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
    select item as made, item, 1.0 as pieces, 0 as depth
    from codes
    union all
    select exploded.made, bom.item, exploded.pieces * bom.pieces, exploded.depth + 1
    from exploded
    inner join bom on exploded.item = bom.made
    where exploded.depth < 10
),

demand as (
    select
        codes.item as made,
        -- decimals: a sum of doubles depends on their order, and a rebuild must give the same rows
        sum(cast(outlook.usual_quantity as decimal(30, 12))) / any_value(counted.months) as usual_month,
        sum(cast(outlook.expected_quantity as decimal(30, 12))) filter (
            where outlook.period_start < first_month + to_months(cast(rules.value['plan_months'] as integer))
        )
        / any_value(rules.value['plan_months']) as month_need,
    from (select *, min(period_start) over () as first_month from {{ ref('quantity_outlook') }}) as outlook
    inner join codes using (product_id)
    cross join rules
    cross join (select count(distinct period_start) as months from {{ ref('quantity_outlook') }}) as counted
    group by codes.item
),

needs as (
    select
        exploded.item,
        cast(sum(cast(exploded.pieces * demand.usual_month as decimal(30, 12))) as double) as usual_month,
        cast(sum(cast(exploded.pieces * demand.month_need as decimal(30, 12))) as double) as month_need,
    from exploded
    inner join demand using (made)
    group by exploded.item
),

counts as (
    select
        lower(trim(stock.product_id)) as item,
        stock.counted_on,
        any_value(stock.product_name) as item_name,
        sum(stock.quantity) as quantity,
        sum(stock.quantity_reserved) as reserved,
    from {{ ref('stg_stock') }} as stock
    cross join run
    where stock.counted_on <= run.as_of and stock.counted_on > run.as_of - interval 1 year
    group by all
),

stocks as (
    select
        item,
        max_by(item_name, counted_on) as item_name,
        max(counted_on) as counted_on,
        max_by(quantity, counted_on) as in_stock,
        max_by(reserved, counted_on) as reserved,
        avg(quantity) as mean_stock,
        count(*) as stock_count,
    from counts
    group by item
),

orders as (
    select
        lower(trim(product_id)) as item,
        any_value(product_name) as item_name,
        sum(greatest(quantity - coalesce(quantity_received, 0), 0)) filter (where received_on is null) as on_order,
        min(due_on) filter (where received_on is null) as next_due_on,
        avg(date_diff('day', due_on, received_on)) filter (where received_on is not null) as late_days,
    from {{ ref('stg_purchase_orders') }}
    group by all
),

parts as (
    select
        lower(trim(component_id)) as item,
        any_value(component_name) as item_name,
        max(lead_time_days) as lead_days,
    from {{ ref('stg_bills_of_material') }}
    group by all
),

joined as (
    select
        item,
        coalesce(stocks.item_name, parts.item_name, orders.item_name) as item_name,
        if(codes.item is null, 'part', 'product') as item_kind,
        stocks.counted_on,
        cast(stocks.in_stock as double) as stock_quantity,
        cast(stocks.reserved as double) as reserved_quantity,
        cast(coalesce(orders.on_order, 0) as double) as on_order_quantity,
        orders.next_due_on,
        orders.late_days as supplier_late_days,
        parts.lead_days,
        coalesce(needs.usual_month, 0) as usual_quantity,
        coalesce(needs.month_need, 0) as expected_quantity,
        needs.usual_month * 12 / nullif(stocks.mean_stock, 0) as relative_turns_12m,
        stocks.stock_count,
        expected_quantity * 12 / 365.25 as day_need,
        rules.value['review_days'] + rules.value['safety_days'] as extra_days,
        rules.value['safety_days'] as safety_days,
    from stocks
    full join parts using (item)
    full join orders using (item)
    left join needs using (item)
    left join codes using (item)
    cross join rules
),

final as (
    select
        joined.* exclude (day_need, extra_days, safety_days),
        stock_quantity / nullif(day_need, 0) as cover_days,
        (stock_quantity + on_order_quantity) / nullif(day_need, 0) as cover_with_orders_days,
        -- a thousand years of cover is no date
        if(cover_days < 3650, counted_on + cast(floor(cover_days) as integer), null) as runs_out_on,
        if(lead_days is null, null, ceil(round(greatest(
            day_need * (lead_days + extra_days) - coalesce(stock_quantity, 0) - on_order_quantity, 0
        ), 6))) as reorder_quantity,
        if(reorder_quantity > 0 and counted_on is not null, greatest(
            counted_on + cast(floor(cover_with_orders_days) - lead_days - safety_days as integer), run.as_of
        ), null) as order_by_on,
        cover_days < coalesce(date_diff('day', run.as_of, next_due_on), lead_days) as is_short,
    from joined
    cross join run
)

select * from final
