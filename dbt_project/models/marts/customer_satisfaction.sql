-- One row per customer and period: answers, satisfaction, tickets and complaints beside revenue and what follows it.
with

run as (select * from {{ source('control', 'run') }}),

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period in ('month', 'quarter', 'last_12_months')
),

-- Only periods in which a ticket or an answer could be told: before the first one nobody was asked.
told as (
    select min(day) as first_day from (
        select min(opened_on) as day from {{ ref('tickets') }}
        union all
        select min(answered_on) from {{ ref('surveys') }}
    )
),

days as (
    select
        customer_id, opened_on as day, 1 as ticket, cast(is_complaint as integer) as complaint,
        cast(is_complaint and is_open as integer) as open_complaint, cast(is_late as integer) as late,
        if(is_open, null, open_days) as solved_days, null as score_share, null as satisfied, null as amount_base,
    from {{ ref('tickets') }}
    union all
    select customer_id, answered_on, 0, 0, 0, 0, null, score_share, cast(is_satisfied as integer), null
    from {{ ref('surveys') }}
    union all
    select customer_id, invoiced_on, 0, 0, 0, 0, null, null, null, sum(amount_base)
    from {{ ref('int_revenue_lines') }}
    group by customer_id, invoiced_on
),

counted as (
    select
        days.customer_id,
        periods.period,
        periods.period_start,
        periods.period_end,
        sum(days.ticket) as ticket_count,
        sum(days.complaint) as complaint_count,
        sum(days.open_complaint) as open_complaint_count,
        sum(days.late) as late_ticket_count,
        count(days.solved_days) as solved_count,
        avg(days.solved_days) as mean_solved_days,
        count(days.score_share) as answer_count,
        avg(days.score_share) as mean_score_share,
        avg(days.satisfied) as satisfied_share,
        coalesce(sum(days.amount_base), 0) as revenue_base,
    from days
    inner join periods on days.day between periods.period_start and periods.period_end
    cross join run
    cross join told
    where days.customer_id is not null and days.day <= run.as_of and periods.period_end >= told.first_day
    group by all
),

-- The period after it of the same kind, as a loss of revenue is felt later than the complaint that caused it.
compared as (
    select
        counted.*,
        coalesce(later.revenue_base, 0) as next_revenue_base,
        periods.period_start is not null as has_next_period,
    from counted
    cross join run
    left join periods
        on counted.period = periods.period and counted.period_end + 1 = periods.period_start
        and run.as_of >= periods.period_end
    left join counted as later
        on counted.customer_id = later.customer_id and periods.period = later.period
        and periods.period_start = later.period_start
),

final as (
    select
        customer_id,
        period,
        period_start,
        period_end,
        cast(ticket_count as bigint) as ticket_count,
        cast(complaint_count as bigint) as complaint_count,
        cast(open_complaint_count as bigint) as open_complaint_count,
        cast(late_ticket_count as bigint) as late_ticket_count,
        solved_count,
        mean_solved_days,
        answer_count,
        mean_score_share,
        satisfied_share,
        cast(revenue_base as decimal(18, 4)) as revenue_base,
        cast(if(has_next_period, next_revenue_base, null) as decimal(18, 4)) as next_revenue_base,
    from compared
)

select * from final
