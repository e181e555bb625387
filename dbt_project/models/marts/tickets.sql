-- One row per service ticket opened by as_of: whose it is, how long it took, and who answers for the customer.
with

run as (select * from {{ source('control', 'run') }}),

final as (
    select
        tickets.source_system || '|' || tickets.source_id as ticket_id,
        customers.customer_id,
        tickets.opened_on,
        if(tickets.closed_on <= run.as_of, tickets.closed_on, null) as closed_on,
        tickets.due_on,
        tickets.category,
        tickets.priority,
        tickets.status,
        coalesce(tickets.is_complaint, false) as is_complaint,
        coalesce(tickets.closed_on > run.as_of, true) as is_open,
        coalesce(coalesce(least(tickets.closed_on, run.as_of), run.as_of) > tickets.due_on, false) as is_late,
        date_diff('day', tickets.opened_on, coalesce(least(tickets.closed_on, run.as_of), run.as_of)) as open_days,
        owners.rep_id,
        owners.rep_name,
        owners.team,
        coalesce(owners.is_owner_gone, false) as is_owner_gone,
        tickets.source_system,
        tickets.source_id,
        tickets.exported_at,
    from {{ ref('stg_tickets') }} as tickets
    cross join run
    left join {{ source('resolved', 'customer_map') }} as customers
        on tickets.source_system = customers.source_system and tickets.account_source_id = customers.source_id
    left join {{ ref('int_customer_owners') }} as owners using (customer_id)
    where tickets.opened_on <= run.as_of
)

select * from final
