-- One row per coming week: money that customers are expected to pay, for invoices that are open and for those to come.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select map_from_entries(list((rule, value))) as value from {{ ref('cash_rules') }}),

receivables as (
    select receivables.*, coalesce(terms_days, -1) as term
    from {{ ref('int_receivables') }} as receivables
    cross join run
    cross join rules
    where invoiced_on > run.as_of - cast(rules.value['history_days'] as integer)
),

-- Every term that has enough payments, and all together (-2).
classes as (
    select term, term as class from receivables
    group by term
    having count(paid_on) >= (select value['least_paid_invoices'] from rules)
    union all
    select distinct term, -2 from receivables
),

-- Share that is still open before each day of age (E. L. Kaplan, P. Meier, JASA 53 (1958), 457-481): an open invoice counts
-- as one that may be paid on all days of its age, and then no longer.
ages as (
    select class, age_days, count(*) as invoice_count, count(paid_on) as paid_count
    from receivables
    inner join classes using (term)
    group by all
),

day_grid as (
    select
        class,
        unnest(range(cast(rules.value['history_days'] + rules.value['horizon_weeks'] * 7 + 9 as integer))) as age_days,
    from (select distinct class from classes)
    cross join rules
),

at_risk as (
    select
        class,
        age_days,
        coalesce(ages.paid_count, 0) as paid_count,
        sum(coalesce(ages.invoice_count, 0)) over (
            partition by class order by age_days rows between current row and unbounded following
        ) as risk_count,
    from day_grid
    left join ages using (class, age_days)
),

survival as (
    select
        class,
        age_days,
        exp(coalesce(sum(ln(greatest(1 - paid_count / greatest(risk_count, 1), 1e-9))) over (
            partition by class order by age_days rows between unbounded preceding and 1 preceding
        ), 0)) as open_share,
    from at_risk
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
        if(term in (select class from classes), term, -2) as class,
        age_days,
        -- decimals: a sum of doubles depends on their order, and a rebuild must give the same rows
        cast(sum(cast(open_base as decimal(28, 4))) as double) as open_base,
        cast(sum(cast(open_base ** 2 as decimal(38, 4))) as double) as open_squares,
    from receivables
    where paid_on is null and open_base > 0
    group by all
),

chances as (
    select
        weeks.ahead,
        invoices.open_base,
        invoices.open_squares,
        (week_begin.open_share - week_over.open_share) / so_far.open_share as chance,
    from open_invoices as invoices
    cross join weeks
    inner join survival as so_far on invoices.class = so_far.class and invoices.age_days + 1 = so_far.age_days
    inner join survival as week_begin
        on invoices.class = week_begin.class and invoices.age_days + weeks.ahead * 7 + 1 = week_begin.age_days
    inner join survival as week_over
        on invoices.class = week_over.class and invoices.age_days + weeks.ahead * 7 + 8 = week_over.age_days
),

from_open as (
    select
        ahead,
        sum(open_base * chance) as cash,
        sum(open_squares * chance * (1 - chance)) as variance,
    from chances
    group by ahead
),

-- Invoices to come: the forecast of revenue by day, with the tax of the invoices so far.
taxed as (
    select
        cast(sum(cast(gross_base as decimal(28, 4))) as double)
        / nullif(cast(sum(cast(net_base as decimal(28, 4))) as double), 0) as gross_per_net,
    from receivables
),

coming as (
    select
        days.day_number,
        forecasts.yhat / day(last_day(forecasts.period_start)) * taxed.gross_per_net as billed,
        (forecasts.hi_80 - forecasts.lo_80) / (2 * 1.281552) / day(last_day(forecasts.period_start)) * taxed.gross_per_net
            as deviation,
    from run
    cross join taxed
    cross join (select unnest(range(1, cast(value['horizon_weeks'] * 7 + 1 as integer))) as day_number from rules) as days
    inner join {{ ref('allocated_forecasts') }} as forecasts
        on date_trunc('month', run.as_of + cast(days.day_number as integer)) = forecasts.period_start
    where forecasts.metric = 'revenue' and forecasts.level = 'total'
),

from_coming as (
    select
        weeks.ahead,
        sum(coming.billed * (week_begin.open_share - week_over.open_share)) as cash,
        -- months of a forecast err together: their deviations are added up, not their squares
        sum(coming.deviation * (week_begin.open_share - week_over.open_share)) as deviation,
    from weeks
    inner join coming on weeks.ahead * 7 + 7 >= coming.day_number
    inner join survival as week_begin
        on week_begin.class = -2 and greatest(weeks.ahead * 7 + 1 - coming.day_number, 0) = week_begin.age_days
    inner join survival as week_over
        on week_over.class = -2 and weeks.ahead * 7 + 8 - coming.day_number = week_over.age_days
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
