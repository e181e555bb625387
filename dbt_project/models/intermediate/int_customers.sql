-- One row per customer: the golden record, every attribute with the record that it comes from.
with customers as (
    select
        customer_id,
        count(*) as record_count,
        count(distinct source_system) as system_count,
    from {{ source('resolved', 'customer_map') }}
    group by all
),

surviving_values as (
    select
        customer_id,
        {% for attribute in customer_attributes() -%}
            cast(max(value) filter (where attribute = '{{ attribute.name }}') as {{ attribute.type }}) as {{ attribute.name }},
            max(source_system || '|' || source_id) filter (where attribute = '{{ attribute.name }}')
                as {{ attribute.name }}_source,
        {% endfor -%}
    from {{ ref('int_customer_values') }}
    where survival_rank = 1
    group by customer_id
)

select
    customers.*,
    surviving_values.* exclude (customer_id),
from customers
left join surviving_values using (customer_id)
