-- One row per team and period with its number of people, as the newest exports have it.
with current_headcount as (
    {{ current_records('headcount', days=['period_start']) }}
)

select * from current_headcount
