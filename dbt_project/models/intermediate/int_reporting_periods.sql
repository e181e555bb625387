-- One row per period that deals are reported over, from the first deal to as_of: weeks, months and fiscal quarters, the
-- last twelve months, and all time.
with

run as (select * from {{ source('control', 'run') }}),

span as (
    select
        coalesce(
            least(min(deals.created_on), min(deals.closed_on)),
            any_value(run.as_of)
        ) as first_day,
        any_value(run.as_of) as as_of,
        any_value(run.fiscal_year_start_month) as fiscal_year_start_month,
    from run
    left join {{ ref('int_opportunities') }} as deals on least(deals.created_on, deals.closed_on) <= run.as_of
),

-- A mistyped year must not make a thousand empty months.
bounded_span as (
    select
        * exclude (first_day),
        greatest(first_day, as_of - interval {{ var('reported_years', 20) }} year) as first_day,
    from span
),

month_starts as (
    select
        as_of,
        fiscal_year_start_month,
        cast(unnest(generate_series(date_trunc('month', first_day), as_of, interval 1 month)) as date) as month_start,
    from bounded_span
),

week_starts as (
    select cast(unnest(generate_series(date_trunc('week', first_day), as_of, interval 7 day)) as date) as week_start
    from bounded_span
),

quarter_starts as (
    select distinct
        cast(
            month_start - interval 1 month * ((month(month_start) - fiscal_year_start_month + 12) % 3) as date
        ) as quarter_start,
    from month_starts
),

final as (
    select
        'week' as period,
        week_start as period_start,
        cast(week_start + interval 6 day as date) as period_end,
    from week_starts
    union all
    select 'month', month_start, cast(month_start + interval 1 month - interval 1 day as date) from month_starts
    union all
    select 'quarter', quarter_start, cast(quarter_start + interval 3 month - interval 1 day as date) from quarter_starts
    union all
    select 'last_12_months', cast(as_of - interval 1 year + interval 1 day as date), as_of from bounded_span
    union all
    select 'all_time', cast(first_day as date), as_of from bounded_span
)

select * from final
