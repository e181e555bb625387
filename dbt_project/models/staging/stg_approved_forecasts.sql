-- One row per metric, month and day of approval: the number of a review workbook, as a submission. A past day knows the
-- approvals up to that day.
with approvals as (select * from {{ ref('approved_forecasts') }}),

run as (select * from {{ source('control', 'run') }})

select
    approvals.metric || '|' || approvals.period_start || '|' || approvals.decided_on as submission_id,
    approvals.metric,
    'total' as level,
    cast(null as varchar) as member,
    approvals.period_start,
    cast(approvals.amount as decimal(18, 4)) as amount,
    'approved' as role,
    approvals.decided_by as author,
    -- Noon in UTC lies in the same day of nearly every time zone.
    approvals.decided_on + interval 12 hour as submitted_at,
    approvals.reason,
    'review_workbook' as source_system,
    submission_id as source_id,
    submitted_at as exported_at,
from approvals
cross join run
where run.run_kind in ('live', 'revision') or approvals.decided_on <= run.as_of
