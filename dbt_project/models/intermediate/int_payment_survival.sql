-- One row per class of invoices and age in days: the share of them that is still open before that day.
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
-- as one that may be paid on all days up to the newest list of payments, and then no longer. What comes in on a Monday may
-- have been meant for the weekend: it counts in equal parts for each day, or customers would seem to wait for Mondays.
payments as (
    select
        classes.class,
        receivables.invoiced_on,
        days.day as paid_on,
        unnest(range(coalesce(days.free_days_before, 0) + 1)) as days_early,
        cast(1 / (coalesce(days.free_days_before, 0) + 1) as decimal(18, 9)) as part,
    from receivables
    inner join classes using (term)
    inner join {{ ref('int_payment_days') }} as days on receivables.paid_on = days.day
),

waiting as (
    select classes.class, days.last_payment_day - receivables.invoiced_on as age_days,
    from receivables
    inner join classes using (term)
    inner join {{ ref('int_payment_days') }} as days on receivables.payments_known_to = days.day
    where receivables.paid_on is null
),

ages as (
    select class, age_days, sum(part) as invoice_count, sum(part) filter (where is_paid) as paid_count
    from (
        select class, greatest(paid_on - invoiced_on - days_early, 0) as age_days, part, true as is_paid from payments
        union all
        select class, age_days, 1, false from waiting
        where age_days >= 0
    )
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
        cast(coalesce(ages.paid_count, 0) as double) as paid_count,
        cast(sum(coalesce(ages.invoice_count, 0)) over (
            partition by class order by age_days rows between current row and unbounded following
        ) as double) as risk_count,
    from day_grid
    left join ages using (class, age_days)
),

final as (
    select
        class,
        age_days,
        paid_count,
        risk_count,
        exp(coalesce(sum(ln(greatest(1 - paid_count / greatest(risk_count, 1e-6), 1e-9))) over (
            partition by class order by age_days rows between unbounded preceding and 1 preceding
        ), 0)) as open_share,
    from at_risk
)

select * from final
