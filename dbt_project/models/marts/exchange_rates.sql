-- One row per currency and day on which amounts of that currency can be converted.
select
    rates.currency,
    run.base_currency,
    rates.rate_on,
    cast(rates.rate as decimal(18, 8)) as rate,
    rates.rated_on,
    rates.is_carried,
    rates.source_system
from {{ ref('int_exchange_rates') }} as rates
cross join {{ source('control', 'run') }} as run
where rates.rate_on <= run.as_of
