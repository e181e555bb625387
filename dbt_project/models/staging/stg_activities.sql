-- One row per call, visit, mail or meeting, as the newest exports have it.
with current_activities as (
    {{ current_records('activities', days=['occurred_on']) }}
),

{{ with_account('current_activities') }}
