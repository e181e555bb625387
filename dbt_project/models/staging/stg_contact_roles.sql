-- One row per deal and contact person with the part that person plays in it, as the newest exports have it.
with current_contact_roles as (
    {{ current_records('contact_roles', days=['created_on']) }}
)

select * from current_contact_roles
