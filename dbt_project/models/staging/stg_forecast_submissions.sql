-- One row per forecast number that a person submitted, as the newest exports have it.
with current_forecast_submissions as (
    {{ current_records('forecast_submissions', days=['period_start', 'submitted_at']) }}
)

select * from current_forecast_submissions
