-- One row per customer record to be matched: every account, and an implied one per reference that has none.
with account_references as (
    {% for fact in facts_with_account_reference() -%}
        select source_system, account_source_id, account_id, account_name, exported_at, _file_id, _record
        from {{ ref('stg_' ~ fact) }}
        where account_source_id is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

unknown_accounts as (
    select account_references.*
    from account_references
    anti join {{ ref('stg_accounts') }} as accounts
        on account_references.source_system = accounts.source_system
        and account_references.account_source_id = accounts.source_id
),

-- the implied record takes the name of the newest reference that has one
implied_accounts as (
    select
        source_system,
        account_source_id as source_id,
        account_id,
        account_name,
        exported_at,
        _file_id,
        _record,
        true as is_implied
    from unknown_accounts
    qualify row_number() over (
        partition by source_system, account_source_id
        order by account_name is null asc, exported_at desc, _file_id desc, _record asc
    ) = 1
)

select
    *,
    false as is_implied
from {{ ref('stg_accounts') }}
union all by name
select * from implied_accounts
