-- One row per run and record whose customer id changed: the event, the ids before and after, and the cause.
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
