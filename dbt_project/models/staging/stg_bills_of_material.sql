-- One row per component of a product, as the newest exports have it.
with current_bills_of_material as (
    {{ current_records('bills_of_material', days=['valid_from', 'valid_to']) }}
)

select * from current_bills_of_material
