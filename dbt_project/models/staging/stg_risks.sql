-- One row per risk of a risk register, as the newest exports have it.
with current_risks as (
    {{ current_records('risks', days=['starts_on', 'ends_on']) }}
)

select * from current_risks
