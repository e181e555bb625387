-- One row per user and day of use of a source system, or per login, as the newest exports have it.
with current_system_usage as (
    {{ current_records('system_usage', days=['used_on']) }}
)

select * from current_system_usage
