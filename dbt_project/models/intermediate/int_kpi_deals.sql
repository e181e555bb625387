-- One row per fact of a deal that a KPI counts: created, won, closed, open on the first day of a month; and the targets
-- that the open ones are held against.
with

run as (select * from {{ source('control', 'run') }}),

deals as (select * from {{ ref('opportunities') }}),

months as (select * from {{ ref('int_calendar_months') }}),

targets as (
    select * from {{ ref('targets') }}
    where metric = 'bookings' and period = 'month' and is_current
),

created as (
    select 'new_deals' as kpi, created_on as happened_on, null as dimension, 1 as numerator, null as denominator, deals.*
    from deals
),

closed as (
    select 'win_rate' as kpi, closed_on, null, cast(is_won as integer), 1, deals.*
    from deals
    where is_won or is_lost
),

won as (
    select
        unnest(['bookings', 'won_deals', 'average_deal', 'cycle_days']) as kpi,
        closed_on,
        null,
        unnest([
            cast(amount_base as double), 1, cast(amount_base as double), cast(sales_cycle_days as double)
        ]) as numerator,
        unnest([null, null, if(amount_base is null, null, 1), if(sales_cycle_days is null, null, 1)]) as denominator,
        deals.*,
    from deals
    where is_won
),

-- Open on a month's first day: created before it, and not closed before it. Reopened deals count as open throughout.
open_deals as (
    select 'pipeline_coverage' as kpi, months.month_start, null, cast(deals.amount_base as double), null, deals.*
    from months
    inner join deals
        on months.month_start > deals.created_on
        and (deals.is_open or months.month_start <= deals.closed_on)
),

facts as (
    select * from created
    union all
    select * from closed
    union all
    select * from won
    union all
    select * from open_deals
),

final as (
    select kpi, happened_on, dimension, region, product_line, team, rep_id, numerator, denominator, 1 as n
    from facts
    union all
    select
        'pipeline_coverage', period_start, level, null, null, if(level = 'team', member, null), null,
        null, cast(amount_base as double), 0,
    from targets
    where level in ('total', 'team')
)

{{ kpi_fact_columns() }}
