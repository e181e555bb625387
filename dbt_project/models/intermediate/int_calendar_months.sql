-- One row per month of the calendar, with its working days and its share of the 春节 window.
with days as (
    select * from {{ ref('int_calendar_days') }}
),

spring_festivals as (
    select
        year,
        window_from,
        window_to
    from {{ ref('festivals') }}
    where festival_code = 'spring_festival'
),

months as (
    select
        month_start,
        month_end,
        year_number,
        quarter_start,
        fiscal_year,
        fiscal_quarter,
        fiscal_month,
        count(*) as day_count,
        count(*) filter (where is_working_day) as working_day_count,
        bool_and(is_past) as is_complete
    from days
    group by all
)

select
    months.*,
    -- a window may span two months: the shares of all months add up to one per year
    coalesce(
        (
            date_diff(
                'day',
                greatest(months.month_start, spring_festivals.window_from),
                least(months.month_end, spring_festivals.window_to)
            ) + 1
        ) / (date_diff('day', spring_festivals.window_from, spring_festivals.window_to) + 1),
        0
    ) as spring_festival_share
from months
left join spring_festivals
    on months.month_start <= spring_festivals.window_to
    and months.month_end >= spring_festivals.window_from
