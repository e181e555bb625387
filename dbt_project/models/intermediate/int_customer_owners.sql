-- One row per customer: the rep who answers for it, and where that is said.
with

records as (
    select
        names.source_system,
        names.rep_source_id,
        reps.rep_id,
    from {{ ref('int_rep_references') }} as names
    inner join {{ ref('int_rep_records') }} as reps using (source_system, source_key)
),

-- Of several account records with an owner the newest counts: owners change, and old lists are not kept up.
account_owners as (
    select
        map.customer_id,
        arg_max(records.rep_id, (accounts.exported_at, accounts.source_system, accounts.source_id)) as rep_id,
    from {{ ref('stg_accounts') }} as accounts
    inner join {{ source('resolved', 'customer_map') }} as map using (source_system, source_id)
    inner join records
        on accounts.source_system = records.source_system
        and coalesce(accounts.owner_id, 'name:' || accounts.owner_name) = records.rep_source_id
    where not coalesce(accounts.is_deleted, false)
    group by map.customer_id
),

deal_owners as (
    select
        customer_id,
        arg_max(rep_id, (closed_on is null, created_on, opportunity_id)) as rep_id,
    from {{ ref('opportunities') }}
    where customer_id is not null and rep_id is not null
    group by customer_id
),

final as (
    select
        customers.customer_id,
        coalesce(account_owners.rep_id, deal_owners.rep_id) as rep_id,
        case
            when account_owners.rep_id is not null then 'account'
            when deal_owners.rep_id is not null then 'deal'
        end as rep_id_source,
        reps.rep_name,
        reps.team,
        coalesce(reps.is_active, true) = false as is_owner_gone,
    from {{ ref('int_customers') }} as customers
    left join account_owners using (customer_id)
    left join deal_owners using (customer_id)
    left join {{ ref('int_reps') }} as reps on coalesce(account_owners.rep_id, deal_owners.rep_id) = reps.rep_id
)

select * from final
