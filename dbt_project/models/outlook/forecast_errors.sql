-- One row per basis, series, lag and period with a known actual: the forecast at that lag, the naive one and the
-- actual. Lag 1 is the last version before the period began, lag 2 the last one a period earlier, and so on.
with

lags as (select unnest([1, 2, 3]) as lag),

versions as (
    select * from {{ ref('forecast_vs_actual') }}
    where actual is not null
),

naive_values as (
    select * from {{ source('forecast', 'values') }}
    where
        model = '{{ var("naive_model", "seasonal_naive") }}'
        and scenario = 'base'
),

-- Only cutoffs that chose nothing: errors at the others are those of forecasts that were selected on them.
backtest as (
    select * from {{ source('forecast', 'backtest') }}
    where purpose = 'evaluation'
),

standing_versions as (
    select
        lags.lag,
        versions.* exclude (lag),
    from versions
    inner join lags on versions.lag >= lags.lag
    qualify row_number() over (
        partition by versions.basis, versions.unique_id, versions.period_start, lags.lag
        order by versions.as_of desc, versions.issued_at desc, versions.run_id desc
    ) = 1
),

issued_errors as (
    select
        standing.basis,
        standing.unique_id,
        standing.lag,
        standing.period_start,
        standing.as_of,
        standing.run_id,
        standing.actual,
        standing.yhat,
        standing.lo_80,
        standing.hi_80,
        standing.lo_95,
        standing.hi_95,
        naive_values.yhat as naive_yhat,
    from standing_versions as standing
    left join naive_values
        on standing.run_id = naive_values.run_id
        and standing.unique_id = naive_values.unique_id
        and standing.period_start = naive_values.period_start
),

-- Forecasts of the served model for past cutoffs; all there is until issued versions have actuals.
backtest_errors as (
    select
        'backtest' as basis,
        tested.unique_id,
        tested.horizon as lag,
        tested.period_start,
        tested.cutoff as as_of,
        tested.run_id,
        tested.y as actual,
        tested.yhat,
        tested.lo_80,
        tested.hi_80,
        tested.lo_95,
        tested.hi_95,
        naive.yhat as naive_yhat,
    from backtest as tested
    left join backtest as naive
        on tested.unique_id = naive.unique_id
        and tested.cutoff = naive.cutoff
        and tested.period_start = naive.period_start
        and naive.model = '{{ var("naive_model", "seasonal_naive") }}'
    where tested.is_served and tested.horizon <= 3
),

final as (
    select * from issued_errors
    union all
    select * from backtest_errors
)

select * exclude (lag), cast(lag as bigint) as lag
from final
