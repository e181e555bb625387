-- One row per forecast of revenue with a known actual: quantity, prices and product mix of the period and of the twelve
-- months before the cutoff.
with

forecasts as (
    select distinct
        unique_id,
        {{ series_part('level') }} as level,
        {{ series_part('member') }} as member,
        {{ series_part('freq') }} as freq,
        as_of,
        period_start,
    from {{ ref('forecast_errors') }}
    where {{ series_part('metric') }} = 'revenue'
),

days as (select * from {{ ref('int_product_sales') }}),

reference_sales as (
    select
        cutoffs.as_of,
        days.level,
        days.member,
        days.product_id,
        sum(days.quantity) as quantity,
        sum(days.amount_base) as amount_base,
    from days
    inner join (select distinct as_of from forecasts) as cutoffs
        on days.invoiced_on <= cutoffs.as_of
        and days.invoiced_on > cutoffs.as_of - interval 12 month
    group by all
),

-- Without a positive net quantity there is no mean price.
reference_prices as (
    select * from reference_sales
    where quantity > 0
),

reference_members as (
    select
        as_of,
        level,
        member,
        cast(sum(amount_base) as double) / sum(quantity) as unit_base,
    from reference_prices
    group by all
),

sold as (
    select
        forecasts.unique_id,
        forecasts.level,
        forecasts.member,
        forecasts.as_of,
        forecasts.period_start,
        days.product_id,
        sum(days.quantity) as quantity,
        sum(days.amount_base) as amount_base,
        sum(days.unquantified_base) as unquantified_base,
    from forecasts
    inner join days
        on forecasts.level = days.level
        and forecasts.member = days.member
        and days.invoiced_on between forecasts.period_start
        and {{ period_end('forecasts.freq', 'forecasts.period_start') }}
    group by all
),

final as (
    select
        sold.unique_id,
        sold.as_of,
        sold.period_start,
        cast(coalesce(sum(sold.quantity) filter (where prices.quantity > 0), 0) as double) as quantity,
        any_value(members.unit_base) as reference_unit_base,
        -- as decimals: a sum of doubles would depend on the order of the rows
        cast(
            coalesce(sum(cast(
                cast(sold.quantity * prices.amount_base as double) / prices.quantity as decimal(18, 4)
            )), 0) as double
        ) as at_reference_prices_base,
        cast(coalesce(sum(sold.amount_base) filter (where prices.quantity > 0), 0) as double) as known_products_base,
        cast(coalesce(sum(sold.amount_base) filter (where before.product_id is null), 0) as double) as new_products_base,
        cast(
            coalesce(sum(sold.amount_base) filter (where before.product_id is not null and prices.quantity is null), 0)
            as double
        ) as unpriced_products_base,
        cast(coalesce(sum(sold.unquantified_base), 0) as double) as unquantified_base,
    from sold
    left join reference_sales as before using (as_of, level, member, product_id)
    left join reference_prices as prices using (as_of, level, member, product_id)
    left join reference_members as members using (as_of, level, member)
    group by sold.unique_id, sold.as_of, sold.period_start
)

select * from final
