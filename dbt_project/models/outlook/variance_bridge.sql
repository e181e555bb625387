-- One row per forecast with a known actual and reason for the difference: the effects add up to the deviation.
with

forecasts as (
    select
        *,
        {{ series_parts() }}
    from {{ ref('forecast_errors') }}
),

explained_effects as (select * from {{ ref('variance_effects') }}),

-- What no reason explains: corrections of the past since the forecast was scored, and days without any line.
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
        - coalesce(sum(explained_effects.effect), 0) as effect,
    from forecasts
    left join explained_effects using (basis, unique_id, lag, period_start, as_of)
    where forecasts.metric in ('bookings', 'revenue')
    group by all
),

effects as (
    select * from explained_effects
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
    round(cast(effects.effect as double) / nullif(abs(forecasts.yhat), 0), 6) as relative_effect,
from forecasts
inner join effects using (basis, unique_id, lag, period_start, as_of)
