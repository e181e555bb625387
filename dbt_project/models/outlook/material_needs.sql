-- One row per item that is stocked or built into products: how long it lasts, what to order, by when.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select map_from_entries(list((rule, value))) as value from {{ ref('supply_rules') }}),

codes as (
    {{ product_codes() }}
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
    from {{ ref('int_bill_pieces') }} as exploded
    inner join demand using (made)
    group by exploded.item
),

joined as (
    select
        item,
        supply.item_name,
        if(codes.item is null, 'part', 'product') as item_kind,
        supply.counted_on,
        cast(supply.in_stock as double) as stock_quantity,
        cast(supply.reserved as double) as reserved_quantity,
        cast(coalesce(supply.on_order, 0) as double) as on_order_quantity,
        supply.next_due_on,
        supply.late_days as supplier_late_days,
        supply.lead_days,
        coalesce(needs.usual_month, 0) as usual_quantity,
        coalesce(needs.month_need, 0) as expected_quantity,
        needs.usual_month * 12 / nullif(supply.mean_stock, 0) as relative_turns_12m,
        supply.stock_count,
        expected_quantity * 12 / 365.25 as day_need,
        rules.value['review_days'] + rules.value['safety_days'] as extra_days,
        rules.value['safety_days'] as safety_days,
    from {{ ref('int_item_supply') }} as supply
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
