-- One row per item that is stocked, ordered or built in: its newest count, what is on order, how long ordering takes.
with

run as (select * from {{ source('control', 'run') }}),

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

final as (
    select
        item,
        coalesce(stocks.item_name, parts.item_name, orders.item_name) as item_name,
        stocks.counted_on,
        stocks.in_stock,
        stocks.reserved,
        stocks.mean_stock,
        stocks.stock_count,
        orders.on_order,
        orders.next_due_on,
        orders.late_days,
        parts.lead_days,
    from stocks
    full join parts using (item)
    full join orders using (item)
)

select * from final
