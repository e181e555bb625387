-- One row per answered satisfaction survey, as the newest exports have it.
with current_surveys as (
    {{ current_records('surveys', days=['answered_on']) }}
),

{{ with_account('current_surveys') }}
