-- One row per plant, product line and period with what can be made, as the newest exports have it.
with current_capacity as (
    {{ current_records('capacity', days=['period_start']) }}
)

select * from current_capacity
