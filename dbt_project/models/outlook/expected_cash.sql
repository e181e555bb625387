-- One row per coming week: money that customers are expected to pay, for invoices that are open and for those to come.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select map_from_entries(list((rule, value))) as value from {{ ref('cash_rules') }}),

survival as (
    select * from {{ ref('int_payment_survival') }}
    where class = -2
),

{{ cash_weeks() }},

-- Invoices to come: the forecast of revenue by day, of systems that tell payments, with the tax of the invoices so far. What
-- another system bills is paid too, but stands neither in the open invoices nor in the usual receipts.
taxed as (
    select
        cast(sum(cast(gross_base as decimal(28, 4))) as double)
        / nullif(cast(sum(cast(net_base as decimal(28, 4))) as double), 0)
        * (select revenue_share from {{ ref('int_revenue_with_payments') }}) as gross_per_revenue,
        cast(sum(cast(gross_base ** 2 as decimal(38, 4))) as double)
        / nullif(cast(sum(cast(gross_base as decimal(28, 4))) as double), 0) as mean_square_per_mean,
    from {{ ref('int_receivables') }}
    cross join run
    cross join rules
    where invoiced_on > run.as_of - cast(rules.value['history_days'] as integer)
),

coming as (
    select
        days.day_number,
        forecasts.yhat / day(last_day(forecasts.period_start)) * taxed.gross_per_revenue as billed,
        taxed.mean_square_per_mean,
        (forecasts.hi_80 - forecasts.lo_80) / (2 * 1.281552) / day(last_day(forecasts.period_start)) * taxed.gross_per_revenue
            as deviation,
    from run
    cross join taxed
    cross join (select unnest(range(1, cast(value['horizon_weeks'] * 7 + 1 as integer))) as day_number from rules) as days
    inner join {{ ref('allocated_forecasts') }} as forecasts
        on date_trunc('month', run.as_of + cast(days.day_number as integer)) = forecasts.period_start
    where forecasts.metric = 'revenue' and forecasts.level = 'total'
),

chances as (
    select weeks.ahead, coming.*, week_begin.open_share - week_over.open_share as chance,
    from weeks
    inner join coming on weeks.end_day >= coming.day_number
    inner join survival as week_begin on greatest(weeks.begin_day + 1 - coming.day_number, 0) = week_begin.age_days
    inner join survival as week_over on weeks.end_day + 1 - coming.day_number = week_over.age_days
),

-- Months of a forecast err together: their deviations are added up. Which invoices of a month are paid in the week is chance
-- of its own: a sum of invoices, each paid in it or not, of which the large ones move more.
from_coming as (
    select
        ahead,
        sum(billed * chance) as cash,
        sum(deviation * chance) as deviation,
        sum(billed * mean_square_per_mean * chance * (1 - chance)) as variance,
    from chances
    group by ahead
),

-- Up to which day every list of payments that still comes tells what was received: nobody knows of any day without a list.
known as (
    select coalesce(min(known_to) filter (where not has_ended), max(known_to)) as payments_known_to
    from {{ ref('int_payment_lists') }}
),

usual as (
    select cast(sum(amount_base) as double) / 52 as cash
    from {{ ref('receipts') }}
    cross join known
    where received_on > known.payments_known_to - 364 and received_on <= known.payments_known_to
),

final as (
    select
        weeks.week_start,
        cast(weeks.week_start + 6 as date) as week_end,
        if(known.payments_known_to is null, null, round(coalesce(from_open.from_invoices_base, 0), 4)) as from_open_base,
        round(from_coming.cash, 4) as from_coming_base,
        round(from_open_base + coalesce(from_coming_base, 0), 4) as expected_base,
        1.281552 * sqrt(
            coalesce(from_open.variance, 0) + coalesce(from_coming.variance, 0) + coalesce(from_coming.deviation, 0) ** 2
        ) as half_width,
        if(expected_base is null, null, round(greatest(expected_base - half_width, 0), 4)) as lo_80,
        round(expected_base + half_width, 4) as hi_80,
        round(usual.cash, 4) as usual_base,
        round(usual.cash * rules.value['floor_share'], 4) as floor_base,
        if(floor_base + expected_base is null, null, round(greatest(floor_base - expected_base, 0), 4)) as gap_base,
        if(floor_base + expected_base is null, null, round(greatest(floor_base - lo_80, 0), 4)) as gap_at_lo_80,
        known.payments_known_to,
    from weeks
    cross join known
    cross join usual
    cross join rules
    left join {{ ref('int_open_invoice_cash') }} as from_open on weeks.ahead = from_open.weeks_ahead
    left join from_coming on weeks.ahead = from_coming.ahead
)

select * exclude (half_width) from final
