-- One row per forecast that has met its actual and reason why the two differ: the effects add up to the deviation.
with

forecasts as (
    select
        *,
        split_part(unique_id, '|', 1) as metric,
        split_part(unique_id, '|', 2) as level,
        split_part(unique_id, '|', 3) as member,
        split_part(unique_id, '|', 4) as freq,
    from {{ ref('forecast_errors') }}
),

deals as (select * from {{ ref('deviation_deals') }}),

sales as (select * from {{ ref('deviation_sales') }}),

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

-- What the forecast had counted on less, or more, than the deals that were then dated into the period.
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

-- Revenue at the mean price and mix of the twelve months before says what the volume was worth.
sales_effects as (
    select
        forecasts.basis,
        forecasts.unique_id,
        forecasts.lag,
        forecasts.period_start,
        forecasts.as_of,
        unnest(['volume', 'mix', 'price', 'new_products', 'unquantified']) as reason,
        cast(null as bigint) as deal_count,
        unnest([
            coalesce(sales.quantity * sales.reference_unit_base, 0) - forecasts.yhat,
            sales.at_reference_prices_base - coalesce(sales.quantity * sales.reference_unit_base, 0),
            sales.known_products_base - sales.at_reference_prices_base,
            sales.new_products_base,
            sales.unquantified_base,
        ]) as effect,
    from forecasts
    left join sales using (unique_id, as_of, period_start)
    where forecasts.metric = 'revenue'
),

known_effects as (
    select * exclude (dated_amount_base) from deal_effects
    union all
    select * from beyond_pipeline
    union all
    select * from sales_effects
),

rounded_effects as (
    select * replace (cast(effect as decimal(18, 4)) as effect)
    from known_effects
    where effect is not null and round(effect, 4) <> 0
),

-- What no reason explains: corrections of the past since the forecast was judged, and days without any line.
remainders as (
    select
        forecasts.basis,
        forecasts.unique_id,
        forecasts.lag,
        forecasts.period_start,
        forecasts.as_of,
        'remainder' as reason,
        cast(null as bigint) as deal_count,
        cast(any_value(forecasts.actual - forecasts.yhat) as decimal(18, 4))
        - coalesce(sum(rounded_effects.effect), 0) as effect,
    from forecasts
    left join rounded_effects using (basis, unique_id, lag, period_start, as_of)
    where forecasts.metric in ('bookings', 'revenue')
    group by all
),

effects as (
    select * from rounded_effects
    union all
    select * from remainders
)

select
    forecasts.basis,
    forecasts.unique_id,
    forecasts.metric,
    forecasts.level,
    forecasts.member,
    forecasts.freq,
    forecasts.lag,
    forecasts.period_start,
    forecasts.as_of,
    forecasts.run_id,
    forecasts.yhat,
    forecasts.actual,
    cast(forecasts.actual - forecasts.yhat as decimal(18, 4)) as deviation,
    effects.reason,
    effects.deal_count,
    cast(effects.effect as decimal(18, 4)) as effect,
    round(cast(effects.effect as double) / nullif(abs(forecasts.yhat), 0), 6) as effect_share,
from forecasts
inner join effects using (basis, unique_id, lag, period_start, as_of)
