-- One row per invoice line; a flat export carries the header's columns on every line, as the newest exports have it.
with current_invoice_lines as (
    {{ current_records('invoice_lines', days=['invoiced_on']) }}
),

{{ with_account('current_invoice_lines') }}
