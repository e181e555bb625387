-- One row per product of one source system, as the newest exports have it.
with current_products as (
    {{ current_records('products', days=['valid_from', 'valid_to']) }}
)

select * from current_products
