-- One row per customer record and attribute with a value, ranked by survivorship.
with records as (
    select
        map.customer_id,
        accounts.*,
        matched.is_tax_id_valid,
        matched.legal_form is not null as has_legal_form,
        systems.priority,
        coalesce(countries.country_code, if(accounts.country is not null, 'unmapped', null)) as country_code,
        evidence.name_evidence_key,
    from {{ ref('stg_account_records') }} as accounts
    inner join {{ source('resolved', 'customer_map') }} as map using (source_system, source_id)
    inner join {{ ref('mtc_records') }} as matched using (source_system, source_id)
    left join {{ ref('int_customer_name_evidence') }} as evidence using (source_system, source_id)
    left join {{ source('control', 'systems') }} as systems using (source_system)
    left join {{ source('keys', 'countries') }} as countries on accounts.country = countries.value
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
            {{ attribute.get('valid', 'true') }} as is_valid,
            has_legal_form,
            name_evidence_key,
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
),

keyed_values as (
    select
        filled_records.*,
        {{ survivorship_criteria('rules') }} as rule,
        concat_ws(
            '|',
            {% for number in range(1, 5) -%}
                nullif({{ survivorship_key('rules.criterion_' ~ number) }}, ''){{ ',' if not loop.last }}
            {% endfor -%}
        ) as survival_key,
    from filled_records
    left join {{ ref('survivorship') }} as rules using (attribute)
)

select
    customer_id,
    attribute,
    value,
    source_system,
    source_id,
    is_inactive,
    rule,
    survival_key,
    row_number() over (
        partition by customer_id, attribute order by is_inactive, survival_key, source_system, source_id
    ) as survival_rank,
from keyed_values
