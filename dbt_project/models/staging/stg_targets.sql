-- One row per target value of a metric, a dimension value and a period, as the newest exports have it.
with current_targets as (
    {{ current_records('targets', days=['period_start']) }}
)

select * from current_targets
