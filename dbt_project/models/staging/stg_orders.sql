-- One row per order header of one source system, as the newest exports have it.
with current_orders as (
    {{ current_records('orders', days=['ordered_on', 'due_on', 'created_on']) }}
),

{{ with_account('current_orders') }}
