-- One row per customer record and blocking rule whose key it has; records of one block are compared.
{% for rule in blocking_rules() -%}
    select
        record_no,
        cast({{ loop.index }} as utinyint) as rule_no,
        hash({{ loop.index }}, {{ rule.key }}) as block,
        {{ hash_of_conflict_key(rule) }} as conflict_key,
    from {{ ref('mtc_records') }}
    where {{ rule.get('known', rule.key) }} is not null{{ ' and ' ~ rule.where if rule.get('where') }}
    {% if not loop.last %}union all{% endif %}
{% endfor %}
