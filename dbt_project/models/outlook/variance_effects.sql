-- One row per forecast of bookings or revenue with a known actual and identified reason for the difference.
with

forecasts as (
    select
        *,
        {{ series_parts() }}
    from {{ ref('forecast_errors') }}
),

deals as (select * from {{ ref('variance_deals') }}),

sales as (select * from {{ ref('variance_sales') }}),

member_deals as (
    select 'total' as level, '' as member, * from deals
    {% for level in ['region', 'product_line', 'team'] %}
        union all
        select '{{ level }}', {{ level }}, * from deals
    {% endfor %}
),

deal_effects as (
    select
        forecasts.basis,
        forecasts.unique_id,
        forecasts.lag,
        forecasts.period_start,
        forecasts.as_of,
        member_deals.reason,
        count(*) as deal_count,
        sum(member_deals.effect_base) as effect,
        sum(member_deals.dated_amount_base) as dated_amount_base,
    from forecasts
    inner join member_deals using (level, member, freq, period_start, as_of)
    where forecasts.metric = 'bookings'
    group by all
),

-- The amount that was expected to close in the period at the cutoff, less the forecast.
beyond_pipeline as (
    select
        forecasts.basis,
        forecasts.unique_id,
        forecasts.lag,
        forecasts.period_start,
        forecasts.as_of,
        'beyond_pipeline' as reason,
        cast(null as bigint) as deal_count,
        coalesce(sum(deal_effects.dated_amount_base), 0) - any_value(forecasts.yhat) as effect,
    from forecasts
    left join deal_effects using (basis, unique_id, lag, period_start, as_of)
    where forecasts.metric = 'bookings'
    group by all
),

-- Volume, mix and price against the mean prices and the product mix of the twelve months before the cutoff.
sales_effects as (
    select
        forecasts.basis,
        forecasts.unique_id,
        forecasts.lag,
        forecasts.period_start,
        forecasts.as_of,
        unnest(['volume', 'mix', 'price', 'new_products', 'no_reference_price', 'unquantified']) as reason,
        cast(null as bigint) as deal_count,
        unnest([
            coalesce(sales.quantity * sales.reference_unit_base, 0) - forecasts.yhat,
            sales.at_reference_prices_base - coalesce(sales.quantity * sales.reference_unit_base, 0),
            sales.known_products_base - sales.at_reference_prices_base,
            sales.new_products_base,
            sales.unpriced_products_base,
            sales.unquantified_base,
        ]) as effect,
    from forecasts
    left join sales using (unique_id, as_of, period_start)
    where forecasts.metric = 'revenue'
),

all_effects as (
    select * exclude (dated_amount_base) from deal_effects
    union all
    select * from beyond_pipeline
    union all
    select * from sales_effects
),

final as (
    select * replace (cast(effect as decimal(18, 4)) as effect)
    from all_effects
    where effect is not null and round(effect, 4) <> 0
)

select * from final
