-- One row per product, region and coming month: pieces that are going to be asked for.
with

run as (select * from {{ source('control', 'run') }}),

forecasts as (
    select * from {{ ref('allocated_forecasts') }}
    where level = 'product_line'
),

sold as (
    select
        product_line,
        product_id,
        region,
        -- decimals: a sum of doubles depends on their order, and a rebuild must give the same rows
        greatest(sum(quantity), 0) as quantity,
        sum(amount_base) as revenue,
    from {{ ref('revenue') }}
    cross join run
    where invoiced_on > run.as_of - interval 1 year and product_id is not null
    group by all
),

-- Pieces per unit of revenue carry a forecast of revenue over to pieces where quantity has no series of its own.
lines as (
    select
        product_line,
        cast(sum(quantity) as double) as quantity,
        cast(sum(quantity) as double) / nullif(cast(sum(revenue) as double), 0) as pieces_per_revenue,
    from sold
    group by product_line
    having sum(quantity) > 0
),

months as (
    select cast(date_trunc('month', as_of + 1) + to_months(cast(unnest(range(12)) as integer)) as date) as period_start
    from run
),

line_months as (
    select
        lines.product_line,
        months.period_start,
        lines.quantity / 12 as usual,
        lines.quantity as quantity_12m,
        case
            when quantities.yhat is not null then 'quantity_forecast'
            when revenues.yhat is not null then 'revenue_forecast'
            else 'mean_12m'
        end as basis,
        coalesce(quantities.yhat, revenues.yhat * lines.pieces_per_revenue, usual) as yhat,
        coalesce(quantities.lo_80, revenues.lo_80 * lines.pieces_per_revenue) as lo_80,
        coalesce(quantities.hi_80, revenues.hi_80 * lines.pieces_per_revenue) as hi_80,
    from lines
    cross join months
    left join forecasts as quantities
        on
        lines.product_line = quantities.member
        and months.period_start = quantities.period_start
        and quantities.metric = 'quantity'
    left join forecasts as revenues
        on lines.product_line = revenues.member
        and months.period_start = revenues.period_start
        and revenues.metric = 'revenue'
),

final as (
    select
        sold.product_id,
        products.product_name,
        sold.product_line,
        sold.region,
        line_months.period_start,
        line_months.basis,
        cast(sold.quantity as double) / 12 as usual_quantity,
        greatest(line_months.yhat, 0) * cast(sold.quantity as double) / line_months.quantity_12m as expected_quantity,
        -- `greatest` takes an empty bound for 0
        if(line_months.lo_80 < 0, 0, line_months.lo_80) * cast(sold.quantity as double) / line_months.quantity_12m as lo_80,
        line_months.hi_80 * cast(sold.quantity as double) / line_months.quantity_12m as hi_80,
    from sold
    inner join line_months on sold.product_line = line_months.product_line
    left join {{ ref('products') }} as products using (product_id)
    where sold.quantity > 0
)

select * from final
