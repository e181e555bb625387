-- One row per coming week: money that customers are expected to pay, for invoices that are open and for those to come.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select map_from_entries(list((rule, value))) as value from {{ ref('cash_rules') }}),

receivables as (
    select receivables.*, coalesce(terms_days, -1) as term, cast(floor(age_days / 7) as integer) as age_week
    from {{ ref('int_receivables') }} as receivables
    cross join run
    cross join rules
    where invoiced_on > run.as_of - cast(rules.value['history_days'] as integer)
),

-- Payments per week since the invoice, of every term that has enough of them, and of all together (-2).
classes as (
    select term, term as class from receivables
    group by term
    having count(paid_on) >= (select value['least_paid_invoices'] from rules)
    union all
    select distinct term, -2 from receivables
),

life_weeks as (
    select
        class,
        week,
        count(*) filter (where paid_on is not null and age_week = week)
        / cast(count(*) as double) as paid_rate,
    from receivables
    inner join classes using (term)
    cross join (select unnest(range(cast(value['history_days'] / 7 as integer))) as week from rules) as weeks
    -- an open invoice has lived through the whole weeks of its age only
    where age_week > week or (paid_on is not null and age_week = week)
    group by class, week
),

survival as (
    select
        *,
        coalesce(sum(ln(1 - least(paid_rate, 0.999999999))) over (
            partition by class order by week rows between unbounded preceding and 1 preceding
        ), 0) as log_open,
    from life_weeks
),

weeks as (
    select
        unnest(range(cast(rules.value['horizon_weeks'] as integer))) as ahead,
        cast(run.as_of + 1 + cast(ahead * 7 as integer) as date) as week_start,
    from run
    cross join rules
),

open_invoices as (
    select
        receivables.open_base,
        receivables.age_week,
        if(receivables.term in (select class from classes), receivables.term, -2) as class,
    from receivables
    where receivables.paid_on is null and receivables.open_base > 0
),

from_open as (
    select
        weeks.ahead,
        -- rounded below: sums of doubles depend on their order, and a rebuild must give the same rows
        sum(invoices.open_base * exp(later.log_open - so_far.log_open) * later.paid_rate) as cash,
        sum(
            invoices.open_base ** 2 * exp(later.log_open - so_far.log_open) * later.paid_rate
            * (1 - exp(later.log_open - so_far.log_open) * later.paid_rate)
        ) as variance,
    from open_invoices as invoices
    cross join weeks
    inner join survival as so_far on invoices.class = so_far.class and invoices.age_week = so_far.week
    inner join survival as later on invoices.class = later.class and invoices.age_week + weeks.ahead = later.week
    group by weeks.ahead
),

-- Invoices to come: the forecast of revenue by day, with the tax of the invoices so far.
taxed as (select sum(gross_base) / nullif(sum(net_base), 0) as gross_per_net from receivables),

coming as (
    select
        weeks.ahead,
        sum(forecasts.yhat / day(last_day(forecasts.period_start)) * taxed.gross_per_net) as billed,
        sum(
            (forecasts.hi_80 - forecasts.lo_80) / (2 * 1.281552) / day(last_day(forecasts.period_start)) * taxed.gross_per_net
        ) as deviation,
    from weeks
    cross join taxed
    cross join (select unnest(range(7)) as day_number) as days
    inner join {{ ref('allocated_forecasts') }} as forecasts
        on date_trunc('month', weeks.week_start + cast(days.day_number as integer)) = forecasts.period_start
    where forecasts.metric = 'revenue' and forecasts.level = 'total'
    group by weeks.ahead
),

from_coming as (
    select
        weeks.ahead,
        sum(coming.billed * exp(survival.log_open) * survival.paid_rate) as cash,
        -- months of a forecast err together: their deviations are added up, not their squares
        sum(coming.deviation * exp(survival.log_open) * survival.paid_rate) as deviation,
    from weeks
    inner join coming on weeks.ahead >= coming.ahead
    inner join survival on survival.class = -2 and weeks.ahead - coming.ahead = survival.week
    group by weeks.ahead
),

usual as (
    select cast(sum(amount_base) as double) / 52 as cash
    from {{ ref('receipts') }}
    cross join run
    where received_on > run.as_of - 364 and received_on <= run.as_of
),

final as (
    select
        weeks.week_start,
        cast(weeks.week_start + 6 as date) as week_end,
        round(coalesce(from_open.cash, 0), 4) as from_open_base,
        round(from_coming.cash, 4) as from_coming_base,
        round(from_open_base + coalesce(from_coming_base, 0), 4) as expected_base,
        1.281552 * sqrt(coalesce(from_open.variance, 0) + coalesce(from_coming.deviation, 0) ** 2) as half_width,
        round(greatest(expected_base - half_width, 0), 4) as lo_80,
        round(expected_base + half_width, 4) as hi_80,
        round(usual.cash, 4) as usual_base,
        round(usual.cash * rules.value['floor_share'], 4) as floor_base,
        if(floor_base is null, null, round(greatest(floor_base - expected_base, 0), 4)) as gap_base,
        if(floor_base is null, null, round(greatest(floor_base - lo_80, 0), 4)) as gap_at_lo_80,
    from weeks
    cross join usual
    cross join rules
    left join from_open on weeks.ahead = from_open.ahead
    left join from_coming on weeks.ahead = from_coming.ahead
)

select * exclude (half_width) from final
