-- One row per line of an order to a supplier, as the newest exports have it.
with current_purchase_orders as (
    {{ current_records('purchase_orders', days=['ordered_on', 'due_on', 'received_on']) }}
)

select * from current_purchase_orders
