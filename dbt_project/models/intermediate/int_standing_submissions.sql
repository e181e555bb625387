-- One row per metric, level, member, month, role, author and lag: the number that stood submitted then. As for models, lag 1
-- is the last one before the month began, lag 2 the last one a month earlier.
with

lags as (select cast(unnest([1, 2, 3]) as bigint) as lag),

submissions as (
    select
        * exclude (role, author, amount, reason, submitted_at),
        lower(trim(role)) as role,
        coalesce(author, '') as author,
        amount as yhat,
        submitted_at,
    from {{ ref('int_submissions') }}
    where role is not null
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
