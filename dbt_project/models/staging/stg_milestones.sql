-- One row per milestone of a product development project, as the newest exports have it.
with current_milestones as (
    {{ current_records('milestones', days=['planned_on', 'expected_on', 'reached_on']) }}
)

select * from current_milestones
