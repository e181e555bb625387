-- One row per customer and label (potential, buying phase): the first code whose rules all hold, with their figures.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select * from {{ ref('customer_label_rules') }}),

open_deals as (
    select customer_id, max(stage_order) as open_stage_order from {{ ref('opportunities') }}
    where is_open
    group by customer_id
),

due_contracts as (
    select customer_id, min(remaining_days) as contract_left_days from {{ ref('contracts') }}
    where remaining_days >= 0 and renewed_on is null
    group by customer_id
),

open_leads as (
    select customer_id, count(*) as open_lead_count from {{ ref('leads') }}
    where is_open
    group by customer_id
),

figures as (
    select
        customers.customer_id,
        cast(customers.employees as double) as employees,
        cast(coalesce(sales.revenue_12m, 0) as double) as revenue_12m,
        cast(run.as_of - sales.last_invoiced_on as double) as silent_days,
        cast(deals.open_stage_order as double) as open_stage_order,
        cast(contracts.contract_left_days as double) as contract_left_days,
        cast(coalesce(leads.open_lead_count, 0) as double) as open_lead_count,
    from {{ ref('int_customers') }} as customers
    cross join run
    left join {{ ref('int_customer_sales') }} as sales using (customer_id)
    left join open_deals as deals using (customer_id)
    left join due_contracts as contracts using (customer_id)
    left join open_leads as leads using (customer_id)
),

measures as (
    unpivot figures on columns(* exclude (customer_id)) into name measure value value
),

judged as (
    select
        customers.customer_id,
        rules.label,
        rules.label_code,
        rules.label_order,
        bool_and(
            rules.measure = 'always'
            or (
                measures.value is not null
                and measures.value >= coalesce(rules.lowest, measures.value)
                and measures.value <= coalesce(rules.highest, measures.value)
            )
        ) as is_met,
        string_agg(rules.measure || ' ' || cast(round(measures.value) as bigint), ', ' order by rules.measure) as figures,
    from {{ ref('int_customers') }} as customers
    cross join rules
    left join measures on customers.customer_id = measures.customer_id and rules.measure = measures.measure
    group by all
),

final as (
    select customer_id, label, label_code, label_order, figures as evidence,
    from judged
    where is_met
    qualify row_number() over (partition by customer_id, label order by label_order) = 1
)

select * from final
