-- One row per dealer, product and period, as the dealer reports it, as the newest exports have it.
with current_dealer_reports as (
    {{ current_records('dealer_reports', days=['period_start']) }}
)

select * from current_dealer_reports
