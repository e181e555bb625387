-- One row per customer record and declared key namespace: its own key, or that of the facts that refer to it.
with account_keys as (
    select source_system, source_id, namespace, namespace_key
    from {{ source('keys', 'namespaces') }}
    where object = 'accounts'
),

-- a sales file may have the shared key of its customer without an account record
fact_keys as (
    {% for fact in facts_with_account_reference() -%}
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

-- two keys in the facts of one record are ambiguous
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
