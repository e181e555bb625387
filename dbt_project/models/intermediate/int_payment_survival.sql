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

final as (
    select
        class,
        age_days,
        paid_count,
        risk_count,
        exp(coalesce(sum(ln(greatest(1 - paid_count / greatest(risk_count, 1), 1e-9))) over (
            partition by class order by age_days rows between unbounded preceding and 1 preceding
        ), 0)) as open_share,
    from at_risk
)

select * from final
