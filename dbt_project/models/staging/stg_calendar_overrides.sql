-- One row per day whose working status differs from the weekday rule (holidays, 调休), as the newest exports have it.
with current_calendar_overrides as (
    {{ current_records('calendar_overrides', days=['day']) }}
)

select * from current_calendar_overrides
