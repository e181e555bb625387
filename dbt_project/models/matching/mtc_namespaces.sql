-- One row per customer record and declared key namespace: the key it has there, its own or that of the facts naming it.
with account_keys as (
    select source_system, source_id, namespace, namespace_key
    from {{ source('keys', 'namespaces') }}
    where object = 'accounts'
),

-- a sales file may carry the shared key of its customer without any account record beside it
fact_keys as (
    {% for fact in facts_naming_accounts() -%}
        select facts.source_system, facts.account_source_id as source_id, declared.namespace, declared.namespace_key
        from {{ source('keys', 'namespaces') }} as declared
        inner join {{ ref('stg_' ~ fact) }} as facts
            on declared.source_system = facts.source_system
            and declared.source_id = facts.source_id
            and declared.object = '{{ fact }}'
        where facts.account_source_id is not null
        {% if not loop.last %}union{% endif %}
    {% endfor %}
),

-- facts of one record that name two keys decide nothing
agreed_fact_keys as (
    select source_system, source_id, namespace, min(namespace_key) as namespace_key
    from fact_keys
    group by all
    having count(distinct namespace_key) = 1
)

select * from account_keys
union all
select agreed_fact_keys.*
from agreed_fact_keys
anti join account_keys using (source_system, source_id, namespace)
