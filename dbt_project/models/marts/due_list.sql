-- One row per thing that is due, and who has to do it: ending contracts, contacts, closing days, complaints, birthdays.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select * from {{ ref('due_rules') }}),

contracts as (
    select
        contracts.*,
        customers.customer_id,
        {{ multiply_money('contracts.amount', 'rates.rate') }} as amount_base,
    from {{ ref('stg_contracts') }} as contracts
    cross join run
    left join {{ source('resolved', 'customer_map') }} as customers
        on contracts.source_system = customers.source_system and contracts.account_source_id = customers.source_id
    left join {{ ref('int_exchange_rates') }} as rates
        on coalesce(contracts.currency, run.base_currency) = rates.currency and run.as_of = rates.rate_on
    -- One that another continues is renewed.
    anti join {{ ref('stg_contracts') }} as renewals
        on contracts.source_system = renewals.source_system
        and coalesce(contracts.contract_id, contracts.source_id) = renewals.previous_contract_id
),

things as (
    select
        if(contracts.ends_on < run.as_of, 'contract_lapsed', 'contract_end') as due_code,
        contracts.source_system || '|' || contracts.source_id as subject_id,
        contracts.customer_id,
        contracts.ends_on as due_on,
        contracts.amount_base,
    from contracts
    cross join run
    union all by name
    select due_code, customer_id as subject_id, customer_id, due_on, last_contact_on, is_told_in_part
    from {{ ref('int_contacts_due') }}
    union all by name
    select
        'overdue_close' as due_code, opportunity_id as subject_id, opportunity_id, customer_id, expected_close_on as due_on,
        amount_base, rep_id,
    from {{ ref('opportunities') }}
    where is_open
    union all by name
    select 'open_complaint' as due_code, ticket_id as subject_id, customer_id, due_on, opened_on
    from {{ ref('tickets') }}
    where is_open and is_complaint
    union all by name
    select 'birthday' as due_code, contact_id as subject_id, contact_id, contact_name, customer_id, due_on
    from {{ ref('int_birthdays') }}
),

final as (
    select
        things.due_code || '|' || things.subject_id as due_id,
        things.due_code,
        things.subject_id,
        coalesce(things.due_on, things.opened_on + cast(rules.days as integer)) as due_on,
        run.as_of - coalesce(things.due_on, things.opened_on + cast(rules.days as integer)) as overdue_days,
        coalesce(things.rep_id, owners.rep_id) as rep_id,
        coalesce(reps.rep_name, owners.rep_name) as rep_name,
        coalesce(reps.team, owners.team) as team,
        coalesce(not reps.is_active, owners.is_owner_gone, false) as is_owner_gone,
        things.customer_id,
        customers.customer_name,
        customers.tier,
        things.opportunity_id,
        things.contact_id,
        things.contact_name,
        things.last_contact_on,
        things.amount_base,
        coalesce(things.is_told_in_part, false) as is_told_in_part,
    from things
    cross join run
    inner join rules using (due_code)
    left join {{ ref('customer_360') }} as customers using (customer_id)
    left join {{ ref('int_customer_owners') }} as owners using (customer_id)
    left join {{ ref('int_reps') }} as reps on things.rep_id = reps.rep_id
    where case things.due_code
        when 'contract_end' then things.due_on <= run.as_of + cast(rules.days as integer)
        when 'contract_lapsed' then things.due_on >= run.as_of - cast(rules.days as integer)
        when 'birthday' then things.due_on <= run.as_of + cast(rules.days as integer)
        when 'overdue_close' then things.due_on < run.as_of - cast(rules.days as integer)
        else true
    end
)

select * from final
