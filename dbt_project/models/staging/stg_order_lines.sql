-- One row per order line; a flat export carries the header's columns on every line, as the newest exports have it.
with current_order_lines as (
    {{ current_records('order_lines', days=['ordered_on']) }}
),

{{ with_account('current_order_lines') }}
