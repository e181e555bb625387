-- One row per run and record whose customer id changed: the event, the ids before and after, and the cause. What a
-- later run has logged, one that was stopped before it was published or one after the day that is looked at, is not yet.
select
    events.run_id,
    events.as_of,
    cast(events.recorded_at as timestamp) as recorded_at,
    events.event,
    events.source_system,
    events.source_id,
    events.customer_id,
    events.previous_customer_id,
    events.cause
from {{ source('resolved', 'customer_events') }} as events
cross join {{ source('control', 'run') }} as run
where events.as_of <= run.as_of
