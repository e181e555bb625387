-- One row per day of the payment history and the weeks ahead: the day on which money that is due then comes in.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select map_from_entries(list((rule, value))) as value from {{ ref('cash_rules') }}),

days as (
    select calendar.day, calendar.is_working_day
    from {{ ref('int_calendar_days') }} as calendar
    cross join run
    cross join rules
    where
        calendar.day > run.as_of - cast(rules.value['history_days'] + 31 as integer)
        and calendar.day <= run.as_of + cast(rules.value['horizon_weeks'] * 7 + 31 as integer)
),

-- Where customers pay on free days too, every day is a day of payment.
habit as (
    select count(*) filter (where not days.is_working_day) / nullif(count(*), 0) as free_day_share,
    from {{ ref('int_receivables') }} as receivables
    inner join days on receivables.paid_on = days.day
),

payment_days as (
    select
        days.day,
        days.is_working_day or coalesce(habit.free_day_share > rules.value['free_day_share'], false) as is_payment_day,
    from days
    cross join habit
    cross join rules
),

final as (
    select
        day,
        is_payment_day,
        coalesce(max(if(is_payment_day, day, null)) over (order by day), day) as last_payment_day,
        if(
            is_payment_day,
            coalesce(day - max(if(is_payment_day, day, null)) over (
                order by day rows between unbounded preceding and 1 preceding
            ) - 1, 0),
            0
        ) as free_days_before,
    from payment_days
)

select * from final
