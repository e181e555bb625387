-- One row per coming week: what is expected of the invoices that are open, and its variance. An invoice is known to be open up
-- to the newest list of payments: where that is old, a part of what looks open was paid before the first week. Sums are of
-- decimals: one of doubles depends on their order, and a rebuild must give the same rows.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select map_from_entries(list((rule, value))) as value from {{ ref('cash_rules') }}),

survival as (select * from {{ ref('int_payment_survival') }}),

receivables as (
    select
        receivables.*,
        coalesce(terms_days, -1) as term,
        greatest(known.last_payment_day - receivables.invoiced_on + 1, 0) as known_age_days,
    from {{ ref('int_receivables') }} as receivables
    cross join run
    cross join rules
    inner join {{ ref('int_payment_days') }} as known on receivables.payments_known_to = known.day
    where invoiced_on > run.as_of - cast(rules.value['history_days'] as integer)
),

{{ cash_weeks() }},

open_invoices as (
    select
        if(term in (select class from survival), term, -2) as class,
        age_days,
        known_age_days,
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
    inner join survival as so_far on invoices.class = so_far.class and invoices.known_age_days = so_far.age_days
    inner join survival as week_begin
        on invoices.class = week_begin.class
        and greatest(invoices.age_days + weeks.begin_day + 1, 0) = week_begin.age_days
    inner join survival as week_over
        on invoices.class = week_over.class and greatest(invoices.age_days + weeks.end_day + 1, 0) = week_over.age_days
),

final as (
    select
        ahead as weeks_ahead,
        cast(sum(cast(open_base * chance as decimal(28, 6))) as double) as from_invoices_base,
        cast(sum(cast(open_squares * chance * (1 - chance) as decimal(38, 4))) as double) as variance,
    from chances
    group by ahead
)

select * from final
