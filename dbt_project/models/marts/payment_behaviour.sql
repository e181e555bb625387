-- One row per agreed payment term: how long customers take to pay, and what is overdue.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select map_from_entries(list((rule, value))) as value from {{ ref('cash_rules') }}),

invoices as (
    select
        receivables.*,
        date_diff('day', receivables.due_on, receivables.paid_on) as late_days,
    from {{ ref('int_receivables') }} as receivables
    cross join run
    cross join rules
    where
        receivables.invoiced_on > run.as_of - cast(rules.value['history_days'] as integer)
        or receivables.paid_on is null
),

final as (
    select
        terms_days,
        count(*) as invoice_count,
        count(paid_on) as paid_count,
        avg(age_days) filter (where paid_on is not null) as mean_paid_days,
        median(age_days) filter (where paid_on is not null) as median_paid_days,
        quantile_cont(age_days, 0.9) filter (where paid_on is not null) as p90_paid_days,
        avg(late_days) as mean_late_days,
        avg(cast(late_days > 0 as integer)) as late_share,
        count(*) filter (where paid_on is null) as open_count,
        cast(coalesce(sum(cast(open_base as decimal(28, 4))) filter (where paid_on is null), 0) as decimal(18, 4)) as open_base,
        count(*) filter (where paid_on is null and due_on < payments_known_to) as overdue_count,
        cast(
            coalesce(sum(cast(open_base as decimal(28, 4))) filter (
                where paid_on is null and due_on < payments_known_to
            ), 0)
            as decimal(18, 4)
        ) as overdue_base,
        coalesce(min(payments_known_to) filter (where not has_payments_ended), max(payments_known_to))
            as payments_known_to,
    from invoices
    group by terms_days
)

select
    coalesce(cast(terms_days as varchar), 'unknown') as terms,
    *,
from final
