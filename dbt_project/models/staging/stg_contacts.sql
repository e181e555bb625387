-- One row per contact person of one source system, as the newest exports have it.
with current_contacts as (
    {{ current_records('contacts', days=['born_on', 'created_on', 'updated_at']) }}
),

{{ with_account('current_contacts') }}
