-- One row per metric, day and combination of dimensions on which something happened, up to as_of.
with run as (
    select as_of from {{ source('control', 'run') }}
),

sold as (
    select
        lines.invoiced_on as happened_on,
        lines.region,
        lines.product_line,
        -- names of members are part of the id of a series, whose parts these signs divide
        translate(coalesce(products.product_name, lines.product_id), '|*', '//') as product,
        sum(lines.amount_base) as revenue,
        sum(lines.quantity) as quantity,
        -- of the lines whose cost is known: a line without a cost has no margin, rather than all margin
        sum(lines.amount_base - lines.cost_base) as margin
    from {{ ref('int_revenue_lines') }} as lines
    left join {{ ref('int_products') }} as products on lines.product_id = products.product_id
    group by all
),

-- Found by its day and key: numbering all lines of a customer takes seven times as long.
first_sales as (
    select
        unnest(
            arg_min(
                struct_pack(happened_on := invoiced_on, region := region, product_line := product_line),
                struct_pack(invoiced_on := invoiced_on, line_key := line_key)
            )
        )
    from {{ ref('int_revenue_lines') }}
    where customer_id is not null
    group by customer_id
),

deals as (
    select
        deals.created_on,
        deals.closed_on,
        deals.stage_type,
        deals.amount_base,
        dimensions.region,
        dimensions.product_line,
        dimensions.team
    from {{ ref('int_opportunities') }} as deals
    inner join {{ ref('int_opportunity_dimensions') }} as dimensions on deals.opportunity_id = dimensions.opportunity_id
),

metric_days as (
    select 'revenue' as metric, happened_on, region, product_line, product, null as team, cast(revenue as double) as y
    from sold
    union all
    select 'quantity', happened_on, region, product_line, product, null, cast(quantity as double) from sold
    union all
    select 'margin', happened_on, region, product_line, product, null, cast(margin as double) from sold
    union all
    select 'new_customers', happened_on, region, product_line, null, null, count(*)
    from first_sales
    group by all
    union all
    select 'bookings', closed_on, region, product_line, null, team, cast(sum(amount_base) as double)
    from deals
    where stage_type = 'won'
    group by all
    union all
    select 'opportunity_inflow', created_on, region, product_line, null, team, count(*)
    from deals
    group by all
)

select metric_days.*
from metric_days
cross join run
where metric_days.happened_on <= run.as_of and metric_days.y is not null
