-- One row per deal and contact person that a role or an activity ties to it.
with

people as (
    select * from {{ ref('int_contacts') }}
    where source_system || '|' || source_contact_id = contact_id
),

deals as (select * from {{ ref('int_opportunities') }}),

final as (
    select
        ties.opportunity_id,
        ties.contact_id,
        people.contact_name,
        people.job_title,
        people.customer_id,
        coalesce(people.customer_id <> deals.customer_id, false) as is_of_another_customer,
        ties.role,
        ties.role_code,
        ties.is_primary,
        ties.role_from,
        case
            when ties.is_deciding or people.is_decision_maker then true
            else coalesce(ties.is_deciding, people.is_decision_maker)
        end as is_decision_maker,
        case
            when ties.is_deciding then 'deal_role'
            when people.is_decision_maker then 'customer_contact'
        end as is_decision_maker_source,
        ties.activity_count,
        ties.last_activity_on,
    from {{ ref('int_deal_contacts') }} as ties
    inner join deals using (opportunity_id)
    left join people using (contact_id)
)

select * from final
