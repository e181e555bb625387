-- One row per change of a record's customer id: made, attached, merged or split, in which run, and who or what caused it.
select
    run_id,
    as_of,
    cast(recorded_at as timestamp) as recorded_at,
    event,
    source_system,
    source_id,
    customer_id,
    previous_customer_id,
    cause,
from {{ source('resolved', 'customer_events') }}
