-- One row per customer with an activity, contact, ticket or contract: counts and last days of each.
with run as (
    select * from {{ source('control', 'run') }}
),

customers as (
    select * from {{ source('resolved', 'customer_map') }}
),

customer_activities as (
    select
        activities.customer_id,
        max(activities.occurred_on) as last_activity_on,
        count(*) as activity_count,
        count(*) filter (where activities.occurred_on > run.as_of - 90) as activity_count_90d,
        count(*) filter (where activities.occurred_on > run.as_of - 90 and activities.is_deep_contact)
            as deep_contact_count_90d
    from {{ ref('int_activities') }} as activities
    cross join run
    where activities.customer_id is not null
    group by activities.customer_id
),

customer_people as (
    select
        customers.customer_id,
        count(*) as contact_count,
        count(*) filter (where contacts.is_decision_maker) as decision_maker_count
    from {{ ref('stg_contacts') }} as contacts
    inner join customers
        on contacts.source_system = customers.source_system and contacts.account_source_id = customers.source_id
    where contacts.merged_into_id is null and coalesce(contacts.is_deleted, false) = false
    group by customers.customer_id
),

customer_tickets as (
    select
        customers.customer_id,
        count(*) as ticket_count,
        count(*) filter (where tickets.closed_on is null or tickets.closed_on > run.as_of) as open_ticket_count,
        count(*) filter (where tickets.is_complaint and tickets.opened_on > run.as_of - interval 12 month)
            as complaint_count_12m,
        max(tickets.opened_on) as last_ticket_on
    from {{ ref('stg_tickets') }} as tickets
    inner join customers
        on tickets.source_system = customers.source_system and tickets.account_source_id = customers.source_id
    cross join run
    where tickets.opened_on <= run.as_of
    group by customers.customer_id
),

customer_contracts as (
    select
        customers.customer_id,
        count(*) filter (where coalesce(contracts.ends_on >= run.as_of, true)) as active_contract_count,
        min(contracts.ends_on) filter (where contracts.ends_on >= run.as_of) as next_contract_end_on
    from {{ ref('stg_contracts') }} as contracts
    inner join customers
        on contracts.source_system = customers.source_system and contracts.account_source_id = customers.source_id
    cross join run
    where coalesce(contracts.started_on, contracts.signed_on) <= run.as_of
    group by customers.customer_id
)

select *
from customer_activities
full join customer_people using (customer_id)
full join customer_tickets using (customer_id)
full join customer_contracts using (customer_id)
