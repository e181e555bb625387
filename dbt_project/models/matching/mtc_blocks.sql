-- One row per customer record and key of a candidate rule that it has; records of one block are compared.
{% for rule in candidate_rules() -%}
    select
        record_no,
        cast({{ loop.index }} as utinyint) as rule_no,
        hash({{ loop.index }}, {{ rule.key }}) as block,
    from {{ ref('mtc_records') }}
    where {{ rule.get('known', rule.key) }} is not null{{ ' and ' ~ rule.where if rule.get('where') }}
    {% if not loop.last %}union all{% endif %}
{% endfor %}
