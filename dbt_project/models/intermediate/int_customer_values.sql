-- One row per customer record and attribute with a value, ranked by survivorship.
with records as (
    select
        map.customer_id,
        accounts.*,
        matched.is_tax_id_valid,
        matched.legal_form is not null as has_legal_form,
        systems.priority,
    from {{ ref('stg_account_records') }} as accounts
    inner join {{ source('resolved', 'customer_map') }} as map using (source_system, source_id)
    inner join {{ ref('mtc_records') }} as matched using (source_system, source_id)
    left join {{ source('control', 'systems') }} as systems using (source_system)
    -- values of deleted or merged records survive only where no other record has one: see is_inactive
),

attribute_values as (
    {% for attribute in customer_attributes() -%}
        select
            customer_id,
            source_system,
            source_id,
            '{{ attribute.name }}' as attribute,
            cast({{ attribute.get('column', attribute.name) }} as varchar) as value,
            is_implied,
            is_tax_id_valid,
            has_legal_form,
            priority,
            exported_at,
            coalesce(is_deleted, false) or merged_into_id is not null as is_inactive,
        from records
        where {{ attribute.get('column', attribute.name) }} is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

filled_records as (
    select
        *,
        count(*) over (partition by source_system, source_id) as filled_count,
        count(*) over (partition by customer_id, attribute, value) as agreeing_count,
    from attribute_values
)

select
    filled_records.customer_id,
    filled_records.attribute,
    filled_records.value,
    filled_records.source_system,
    filled_records.source_id,
    concat_ws(', ', rules.criterion_1, rules.criterion_2, rules.criterion_3, rules.criterion_4) as rule,
    row_number() over (
        partition by filled_records.customer_id, filled_records.attribute
        order by
            filled_records.is_inactive,
            {{ survivorship_key('rules.criterion_1') }},
            {{ survivorship_key('rules.criterion_2') }},
            {{ survivorship_key('rules.criterion_3') }},
            {{ survivorship_key('rules.criterion_4') }},
            filled_records.source_system,
            filled_records.source_id
    ) as survival_rank,
from filled_records
left join {{ ref('survivorship') }} as rules using (attribute)
