{#
  The rows of a fact with `account_source_id`: the customer record of the same system that the fact refers to.

  The id where there is one; else the only active account of that name; else `name:` and the name, for which
  stg_account_records makes an implied record; else null. A name that two accounts share is ambiguous: picking
  one of them would be a merge without evidence.
#}
{% macro with_account(fact) %}
accounts_by_id as (
    select source_system, account_id, min(source_id) as source_id
    from {{ ref('stg_accounts') }}
    where account_id is not null
    group by all
),

accounts_by_name as (
    select source_system, account_name, min(source_id) as source_id
    from {{ ref('stg_accounts') }}
    where account_name is not null and coalesce(is_deleted, false) = false and merged_into_id is null
    group by all
    having count(*) = 1
)

select
    facts.*,
    coalesce(
        accounts_by_id.source_id,
        facts.account_id,
        accounts_by_name.source_id,
        'name:' || facts.account_name
    ) as account_source_id
-- `is not distinct from`: where a column is empty throughout, DuckDB folds `=` to false and compares every pair of rows
from {{ fact }} as facts
left join accounts_by_id
    on facts.source_system = accounts_by_id.source_system and facts.account_id is not distinct from accounts_by_id.account_id
left join accounts_by_name
    on facts.source_system = accounts_by_name.source_system
    and if(facts.account_id is null, facts.account_name, null) is not distinct from accounts_by_name.account_name
{% endmacro %}
