-- One row per metric, level (team, total), member, month, role and lag: the sum of what its reps, or its teams' managers,
-- had submitted, and how much of the year before those had booked who did.
with

rules as (
    select threshold as covered_share from {{ ref('judgement_rules') }}
    where rule = 'covered_share'
),

reps as (select * from {{ ref('int_reps') }}),

standing as (select * from {{ ref('int_standing_submissions') }}),

-- Two people who submit for one member may mean the same deals: neither is added up.
single as (
    select * from standing
    where level in ('rep', 'team')
    qualify count(*) over (partition by metric, level, member, period_start, role, lag) = 1
),

bookings as (
    select
        metric,
        level,
        member,
        period_start,
        -- decimals: a sum of doubles depends on their order, and a rebuild must give the same rows
        sum(cast(y as decimal(28, 6))) over (
            partition by metric, level, member
            order by period_start
            range between interval 12 month preceding and interval 1 month preceding
        ) as year_before,
    from {{ ref('int_actual_months') }}
),

parts as (
    select
        single.*,
        'total' as sum_level,
        '' as sum_member,
    from single
    union all
    select
        single.*,
        'team',
        coalesce(reps.team, 'unmapped'),
    from single
    inner join reps on single.member = reps.rep_id
    where single.level = 'rep'
),

summed as (
    select
        parts.metric,
        parts.sum_level as level,
        parts.sum_member as member,
        parts.period_start,
        parts.role,
        parts.lag,
        cast(sum(cast(parts.yhat as decimal(28, 6))) as double) as yhat,
        count(*) as submission_count,
        sum(bookings.year_before) as year_before,
    from parts
    left join bookings
        on parts.metric = bookings.metric
        and parts.level = bookings.level
        and parts.member = bookings.member
        and parts.period_start = bookings.period_start
    group by all
)

select
    summed.* exclude (year_before),
    least(1, coalesce(summed.year_before / nullif(bookings.year_before, 0), 0)) as covered_share,
from summed
cross join rules
inner join bookings using (metric, level, member, period_start)
where summed.year_before >= rules.covered_share * bookings.year_before and bookings.year_before > 0
