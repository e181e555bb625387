-- One row per basis, metric, level, member, month, lag, step of the forecast (naive, series, pipeline, pool, rep, manager,
-- approved) and author: what it said at that lag, and the actual. Months that have ended only.
with

steps as (select * from {{ ref('forecast_steps') }}),

lags as (select cast(unnest([1, 2, 3]) as bigint) as lag),

actuals as (select * from {{ ref('int_actual_months') }}),

submitted as (
    select metric, level, member, period_start, lag, role, author, yhat from {{ ref('int_standing_submissions') }}
    union all
    select metric, level, member, period_start, lag, role, '', yhat from {{ ref('int_submitted_sums') }}
),

{{ model_steps() }},

-- What people said, and last year's month, are what they are whichever way the models' numbers came about.
bases as (select unnest(['ledger', 'backtest']) as basis),

valued as (
    select
        basis,
        {{ series_part('metric') }} as metric,
        {{ series_part('level') }} as level,
        {{ series_part('member') }} as member,
        period_start,
        lag,
        step_code,
        '' as author,
        yhat,
    from model_steps
    where {{ series_part('freq') }} = 'MS'
    union all
    select bases.basis, metric, level, member, period_start, lag, role, author, yhat
    from submitted
    cross join bases
    union all
    select
        bases.basis,
        year_before.metric,
        year_before.level,
        year_before.member,
        cast(year_before.period_start + interval 1 year as date),
        lags.lag,
        'naive',
        '',
        year_before.y,
    from actuals as year_before
    cross join lags
    cross join bases
),

final as (
    select
        valued.basis,
        valued.metric,
        valued.level,
        valued.member,
        valued.period_start,
        valued.lag,
        valued.step_code,
        steps.step_order,
        valued.author,
        valued.yhat,
        actuals.y as actual,
    from valued
    inner join steps using (step_code)
    inner join actuals using (metric, level, member, period_start)
)

select * from final
