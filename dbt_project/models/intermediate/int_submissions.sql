-- One row per forecast that a person submitted for a month: the member under its canonical name, the amount in base currency.
with

run as (select * from {{ source('control', 'run') }}),

members as (select * from {{ ref('int_plan_members') }}),

rates as (select * from {{ ref('int_exchange_rates') }})

select
    submitted.source_system,
    submitted.source_id,
    lower(submitted.metric) as metric,
    lower(submitted.level) as level,
    coalesce(members.member, nullif(trim(submitted.member), ''), '') as member,
    cast(date_trunc('month', submitted.period_start) as date) as period_start,
    submitted.role,
    submitted.author,
    submitted.submitted_at,
    {{ local_date('submitted.submitted_at') }} as submitted_on,
    cast({{ plan_amount('submitted') }} as double) as amount,
    submitted.reason,
from {{ ref('stg_forecast_submissions') }} as submitted
cross join run
left join members on lower(submitted.level) = members.level and lower(trim(submitted.member)) = members.word
-- rates of future days are not known: of future months the newest rate counts
left join rates on submitted.currency = rates.currency and least(submitted.period_start, run.as_of) = rates.rate_on
