-- One row per lead of one source system, as the newest exports have it.
with current_leads as (
    {{ current_records('leads', days=['created_on', 'assigned_on', 'converted_on']) }}
)

select * from current_leads
