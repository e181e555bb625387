-- One row per product, warehouse and day with the quantity on hand, as the newest exports have it.
with current_stock as (
    {{ current_records('stock', days=['counted_on']) }}
)

select * from current_stock
