-- One row per basis, series and lag: error measures of the served forecasts at that lag.
with

lags as (select unnest([1, 2, 3]) as lag),

series as (select * from {{ source('forecast', 'series') }}),

errors as (select * from {{ ref('forecast_errors') }}),

rules as (
    select threshold as least_count from {{ ref('accuracy_rules') }}
    where rule = 'least_count'
),

seasonal_steps as (
    select
        unique_id,
        abs(y - case {{ season_length('freq') }}
            when 52 then lag(y, 52) over by_series
            when 12 then lag(y, 12) over by_series
            when 7 then lag(y, 7) over by_series
            else lag(y, 4) over by_series
        end) as seasonal_step,
        abs(y - lag(y) over by_series) as single_step,
    from {{ ref('series_history') }}
    window by_series as (partition by unique_id order by ds)
),

-- The change from a year before where the history is longer than a year; from the previous period otherwise.
scales as (
    select
        unique_id,
        nullif(coalesce(avg(seasonal_step), avg(single_step)), 0) as scale,
    from seasonal_steps
    group by unique_id
),

scored as (
    select
        errors.basis,
        errors.unique_id,
        errors.lag,
        count(*) as forecast_count,
        min(errors.period_start) as first_period,
        max(errors.period_start) as last_period,
        sum(abs(errors.actual - errors.yhat)) / nullif(sum(abs(errors.actual)), 0) as wape,
        sum(errors.yhat - errors.actual) / nullif(sum(abs(errors.actual)), 0) as bias,
        avg(abs(errors.actual - errors.yhat)) as mean_absolute_error,
        -- An actual of 0 counts as accurate if 0 was forecast, and else not at all.
        avg(
            case
                when errors.actual = 0 then cast(errors.yhat = 0 as integer)
                else greatest(0, 1 - abs(errors.actual - errors.yhat) / abs(errors.actual))
            end
        ) as accuracy,
        avg(cast(errors.actual between errors.lo_80 and errors.hi_80 as integer)) as coverage_80,
        avg(cast(errors.actual between errors.lo_95 and errors.hi_95 as integer)) as coverage_95,
        avg(cast(errors.actual > errors.yhat as integer)) as above_share,
        count(errors.naive_yhat) as naive_count,
        sum(abs(errors.actual)) filter (where errors.naive_yhat is not null) as compared_amount,
        sum(abs(errors.actual - errors.naive_yhat)) / nullif(compared_amount, 0) as wape_naive,
        sum(abs(errors.actual - errors.naive_yhat) - abs(errors.actual - errors.yhat))
        / nullif(compared_amount, 0) as forecast_value_added,
        stddev_samp(abs(errors.actual - errors.naive_yhat) - abs(errors.actual - errors.yhat))
        * sqrt(naive_count) / nullif(compared_amount, 0) as value_added_error,
    from errors
    inner join lags using (lag)
    group by errors.basis, errors.unique_id, errors.lag
),

final as (
    select
        scored.basis,
        scored.unique_id,
        coalesce(series.metric, {{ series_part('metric', 'scored.unique_id') }}) as metric,
        coalesce(series.level, {{ series_part('level', 'scored.unique_id') }}) as level,
        coalesce(series.member, {{ series_part('member', 'scored.unique_id') }}) as member,
        coalesce(series.freq, {{ series_part('freq', 'scored.unique_id') }}) as freq,
        cast(scored.lag as bigint) as lag,
        scored.forecast_count,
        scored.first_period,
        scored.last_period,
        round(scored.wape, 6) as wape,
        round(scored.bias, 6) as bias,
        round(scored.mean_absolute_error / scales.scale, 6) as mase,
        round(scored.accuracy, 6) as accuracy,
        scored.coverage_80,
        scored.coverage_95,
        round(scored.wape_naive, 6) as wape_naive,
        round(scored.forecast_value_added, 6) as forecast_value_added,
        scored.naive_count,
        round(scored.value_added_error, 6) as value_added_error,
        scored.above_share,
        case
            when scored.naive_count < rules.least_count then 'too_few'
            when scored.forecast_value_added > scored.value_added_error then 'better_than_last_year'
            else 'no_better'
        end as verdict_code,
    from scored
    cross join rules
    left join series using (unique_id)
    left join scales using (unique_id)
)

select * from final
