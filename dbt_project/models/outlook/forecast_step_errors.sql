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

-- The series' own pool is called so where the pipeline is weighed in; else the served pool is that of the series.
named_models as (
    select 'series_pool' as model, 'series' as step_code
    union all
    select 'pipeline', 'pipeline'
    union all
    select 'pool', 'pool'
),

backtest as (
    select
        'backtest' as basis,
        tested.unique_id,
        named_models.step_code,
        tested.horizon as lag,
        tested.period_start,
        tested.yhat,
    from {{ source('forecast', 'backtest') }} as tested
    inner join named_models using (model)
    where tested.horizon <= 3 and tested.purpose = 'evaluation'  -- the other cutoffs chose the models
),

issued as (
    select
        'ledger' as basis,
        issued.unique_id,
        named_models.step_code,
        lags.lag,
        issued.period_start,
        issued.yhat,
    from {{ source('forecast', 'values') }} as issued
    inner join named_models using (model)
    inner join lags on date_diff('month', issued.as_of, issued.period_start) >= lags.lag
    where issued.scenario = 'base' and issued.run_kind in ('live', 'revision')
    qualify row_number() over (
        partition by issued.unique_id, named_models.step_code, issued.period_start, lags.lag
        order by issued.as_of desc, issued.issued_at desc, issued.run_id desc
    ) = 1
),

model_values as (
    select * from backtest
    union all
    select * from issued
),

model_steps as (
    select * from model_values
    union all
    select pools.* replace ('series' as step_code)
    from model_values as pools
    where
        pools.step_code = 'pool'
        and (pools.basis, pools.unique_id) not in (
            select (own.basis, own.unique_id) from model_values as own
            where own.step_code = 'series'
        )
),

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
