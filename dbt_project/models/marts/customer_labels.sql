-- One row per customer and label (potential, buying phase): the first code whose rules all hold, with their figures.
{% set measures = ('employees', 'revenue_12m', 'silent_days', 'open_stage_order', 'contract_left_days', 'open_lead_count') %}
{% set measured -%}
    case rule['measure'] {% for measure in measures %} when '{{ measure }}' then figures.{{ measure }}{% endfor %} end
{%- endset %}
{% set is_met -%}
    rule['measure'] = 'always'
    or (
        {{ measured }} is not null
        and {{ measured }} >= coalesce(rule['lowest'], {{ measured }})
        and {{ measured }} <= coalesce(rule['highest'], {{ measured }})
    )
{%- endset %}
{% set told -%} rule['measure'] || ' ' || cast(round({{ measured }}) as bigint) {%- endset %}
with

run as (select * from {{ source('control', 'run') }}),

-- The rules in lists, one row per label: joined to a million customers as rows they would be put in order a million times.
codes as (
    select label, label_code, label_order, list(rules order by rules.measure) as conditions,
    from {{ ref('customer_label_rules') }} as rules
    group by label, label_code, label_order
),

labels as (
    select label, list(codes order by codes.label_order, codes.label_code) as codes, from codes
    group by label
),

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

labelled as (
    select
        figures.*,
        labels.label,
        list_filter(
            labels.codes,
            lambda one: list_bool_and(list_transform(one['conditions'], lambda rule: {{ is_met }}))
        )[1] as met,
    from figures
    cross join labels
),

final as (
    select
        figures.customer_id,
        figures.label,
        figures.met.label_code,
        figures.met.label_order,
        list_aggregate(
            list_transform(figures.met.conditions, lambda rule: {{ told }}), 'string_agg', ', '
        ) as evidence,
    from labelled as figures
    where figures.met is not null
)

select * from final
