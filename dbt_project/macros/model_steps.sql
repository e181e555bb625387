{#
  CTE `model_steps`: what the steps of the forecast that models make (series, pipeline, pool) said of each month at a lag, by
  backtest and by the versions that were issued. Needs the CTE `lags`. Not a model for the same reason as weekly_packs.
#}
{% macro model_steps() -%}
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
)
{%- endmacro %}
