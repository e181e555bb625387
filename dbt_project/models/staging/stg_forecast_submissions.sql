-- One row per forecast number that a person submitted, as the newest exports have it, or approved in a review workbook.
with current_forecast_submissions as (
    {{ current_records('forecast_submissions', days=['period_start', 'submitted_at']) }}
),

approvals as (select * from {{ ref('stg_approved_forecasts') }}),

final as (
    select * from current_forecast_submissions
    union all by name
    select * from approvals
)

select * from final
