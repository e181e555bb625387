-- One row per service ticket, as the newest exports have it.
with current_tickets as (
    {{ current_records('tickets', days=['opened_on', 'closed_on', 'due_on']) }}
),

{{ with_account('current_tickets') }}
