-- One row per metric, level, member, month, role, author and lag: the number that stood submitted then. As for models, lag 1
-- is the last one before the month began, lag 2 the last one a month earlier.
with

run as (select * from {{ source('control', 'run') }}),

lags as (select cast(unnest([1, 2, 3]) as bigint) as lag),

members as (select * from {{ ref('int_plan_members') }}),

submissions as (
    select
        lower(submitted.metric) as metric,
        lower(submitted.level) as level,
        coalesce(members.member, nullif(trim(submitted.member), ''), '') as member,
        cast(date_trunc('month', submitted.period_start) as date) as period_start,
        lower(trim(submitted.role)) as role,
        coalesce(submitted.author, '') as author,
        cast(submitted.amount as double) as yhat,
        submitted.submitted_at,
        {{ local_date('submitted.submitted_at') }} as submitted_on,
        submitted.source_system,
        submitted.source_id,
    from {{ ref('stg_forecast_submissions') }} as submitted
    cross join run
    left join members
        on lower(submitted.level) = members.level and lower(trim(submitted.member)) = members.word
    where submitted.role is not null
)

select
    submissions.* exclude (submitted_at, submitted_on, source_system, source_id),
    lags.lag,
from submissions
inner join lags on date_diff('month', submissions.submitted_on, submissions.period_start) >= lags.lag
qualify row_number() over (
    partition by
        submissions.metric, submissions.level, submissions.member, submissions.period_start,
        submissions.role, submissions.author, lags.lag
    order by submissions.submitted_at desc, submissions.source_system desc, submissions.source_id desc
) = 1
