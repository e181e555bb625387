-- One row per day from 2000 to the end of the third year after as_of.
with horizon as (
    select
        *,
        date_trunc('year', as_of) + interval 4 year - interval 1 day as last_day_on
    from {{ source('control', 'run') }}
),

days as (
    select
        cast(unnest(generate_series(date '2000-01-01', last_day_on, interval 1 day)) as date) as day,
        fiscal_year_start_month,
        as_of
    from horizon
),

-- several systems may send overrides of one day: the newest export wins
overrides as (
    select
        day,
        is_working_day,
        holiday_name
    from {{ ref('stg_calendar_overrides') }}
    where day is not null
    qualify row_number() over (partition by day order by exported_at desc, source_system asc, source_id asc) = 1
),

festival_days as (
    select
        days.day,
        string_agg(festivals.festival_code, ',' order by festivals.festival_code) as festival_codes,
        bool_or(festivals.festival_code = 'spring_festival') as is_spring_festival_window
    from days
    inner join {{ ref('festivals') }} as festivals
        on days.day between festivals.window_from and festivals.window_to
    group by all
),

-- shifted so that the fiscal year begins in January: its months, quarters and years are then calendar ones
fiscal_days as (
    select
        *,
        cast(day - to_months(fiscal_year_start_month - 1) as date) as shifted_day
    from days
)

select
    fiscal_days.day,
    fiscal_days.day <= fiscal_days.as_of as is_past,
    isodow(fiscal_days.day) as iso_weekday,
    isodow(fiscal_days.day) > 5 as is_weekend,
    coalesce(overrides.is_working_day, isodow(fiscal_days.day) <= 5) as is_working_day,
    overrides.holiday_name,
    festival_days.festival_codes,
    coalesce(festival_days.is_spring_festival_window, false) as is_spring_festival_window,
    cast(date_trunc('week', fiscal_days.day) as date) as week_start,
    isoyear(fiscal_days.day) as iso_year,
    week(fiscal_days.day) as iso_week,
    cast(date_trunc('month', fiscal_days.day) as date) as month_start,
    cast(last_day(fiscal_days.day) as date) as month_end,
    month(fiscal_days.day) as month_number,
    cast(date_trunc('quarter', fiscal_days.day) as date) as quarter_start,
    quarter(fiscal_days.day) as quarter_number,
    year(fiscal_days.day) as year_number,
    -- named by the calendar year in which it ends
    year(fiscal_days.shifted_day) + if(fiscal_days.fiscal_year_start_month > 1, 1, 0) as fiscal_year,
    quarter(fiscal_days.shifted_day) as fiscal_quarter,
    month(fiscal_days.shifted_day) as fiscal_month,
    cast(
        date_trunc('year', fiscal_days.shifted_day) + to_months(fiscal_days.fiscal_year_start_month - 1) as date
    ) as fiscal_year_start,
    cast(
        date_trunc('quarter', fiscal_days.shifted_day) + to_months(fiscal_days.fiscal_year_start_month - 1) as date
    ) as fiscal_quarter_start
from fiscal_days
left join overrides on fiscal_days.day = overrides.day
left join festival_days on fiscal_days.day = festival_days.day
