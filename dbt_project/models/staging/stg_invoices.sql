-- One row per invoice header of one source system, as the newest exports have it.
with current_invoices as (
    {{ current_records('invoices', days=['invoiced_on', 'due_on', 'created_on']) }}
),

{{ with_account('current_invoices') }}
