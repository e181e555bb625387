-- One row per metric, level, role and author: error measures of submitted forecasts.
with

submissions as (
    select * from {{ ref('submitted_forecasts') }}
    where is_scored and actual is not null
),

scored as (
    select
        metric,
        level,
        coalesce(role, '') as role,
        coalesce(author, '') as author,
        count(*) as submission_count,
        min(period_start) as first_period,
        max(period_start) as last_period,
        sum(absolute_error) / nullif(sum(abs(actual)), 0) as wape,
        sum(amount - actual) / nullif(sum(abs(actual)), 0) as bias,
        sum(actual) / nullif(sum(amount), 0) as calibration_factor,
        count(model_yhat) as compared_count,
        sum(model_absolute_error) / nullif(sum(abs(actual)) filter (where model_yhat is not null), 0) as wape_model,
        sum(absolute_error) filter (where model_yhat is not null)
        / nullif(sum(abs(actual)) filter (where model_yhat is not null), 0) as wape_compared,
    from submissions
    group by all
)

select
    metric,
    level,
    role,
    author,
    submission_count,
    first_period,
    last_period,
    round(wape, 6) as wape,
    round(bias, 6) as bias,
    round(calibration_factor, 6) as calibration_factor,
    compared_count,
    round(wape_model, 6) as wape_model,
    round(wape_model - wape_compared, 6) as value_added_over_model,
from scored
