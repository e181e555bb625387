-- One row per candidate pair: the agreement level of every field and the bits of evidence it is worth.
{% set fields = match_fields() %}
with weights as (select * from {{ ref('match_weights') }}),

totals as (
    select
        {% for field in fields -%}
        count({{ field.known }}) as {{ field.name }}_total,
        {% endfor -%}
    from {{ ref('mtc_records') }}
),

compared_pairs as (
    select
        candidates.*,
        case when l.is_person and r.is_person then 'person' else 'organisation' end as kind,
        {% for field in fields -%}
        {% if field.get('kind') -%}
        case when {{ '' if field.kind == 'person' else 'not ' }}(l.is_person and r.is_person) then {{ field.level }} end
        {%- else -%} {{ field.level }} {%- endif %} as {{ field.name }}_level,
        {{ field.shared_count }} as {{ field.name }}_others,
        {% endfor -%}
    from {{ ref('mtc_candidates') }} as candidates
    inner join {{ ref('mtc_records') }} as l on candidates.record_no_l = l.record_no
    inner join {{ ref('mtc_records') }} as r on candidates.record_no_r = r.record_no
),

weighed_pairs as (
    select
        compared_pairs.record_no_l,
        compared_pairs.record_no_r,
        compared_pairs.rule_no,
        compared_pairs.kind,
        {% for field in fields -%}
        compared_pairs.{{ field.name }}_level,
        {{ field_bits(field.name) }} as {{ field.name }}_bits,
        {% endfor -%}
    from compared_pairs
    cross join totals
    {% for field in fields -%}
    left join weights as {{ field.name }}_weights
        on compared_pairs.kind = {{ field.name }}_weights.kind
        and {{ field.name }}_weights.field = '{{ field.name }}'
        and compared_pairs.{{ field.name }}_level = {{ field.name }}_weights.level
    {% endfor -%}
)

select
    *,
    {% for field in fields %}{{ field.name }}_bits{{ ' + ' if not loop.last }}{% endfor %} as field_bits,
from weighed_pairs
