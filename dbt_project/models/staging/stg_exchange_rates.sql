-- One row per currency and day, as the newest exports have it.
with current_exchange_rates as (
    {{ current_records('exchange_rates', days=['rated_on']) }}
)

select * from current_exchange_rates
