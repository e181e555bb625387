-- One row per real deal: its contacts up to as_of, and what is known of a decision maker. Duplicates speak for their deal.
with

run as (select * from {{ source('control', 'run') }}),

records as (
    select
        coalesce(dropped.survivor_id, records.record_id) as opportunity_id,
        records.*,
    from {{ ref('int_opportunity_records') }} as records
    left join {{ ref('int_opportunity_duplicates') }} as dropped using (record_id)
    where records.stage_type <> 'void'
),

-- A system that tells of no contact on any deal says nothing of this one.
telling_systems as (
    select source_system from {{ ref('int_activities') }}
    where opportunity_id is not null
    union
    select source_system from records
    where last_activity_on is not null
),

deals as (
    select
        records.opportunity_id,
        arg_min(records.customer_id, records.record_id <> records.opportunity_id) as customer_id,
        bool_or(telling_systems.source_system is not null) as is_contact_exported,
        max(records.last_activity_on) filter (where records.last_activity_on <= run.as_of) as last_told_on,
        bool_or(records.has_decision_maker) as is_decider_told,
    from records
    cross join run
    left join telling_systems using (source_system)
    group by records.opportunity_id
),

activities as (
    select
        activities.opportunity_id,
        max(activities.occurred_on) as last_activity_on,
        count(*) as activity_count,
        count(*) filter (where activities.is_deep_contact) as deep_contact_count,
        count(*) filter (where activities.occurred_on > run.as_of - 90) as activity_count_90d,
    from {{ ref('int_activities') }} as activities
    cross join run
    group by activities.opportunity_id
),

roles as (
    select
        opportunity_id,
        bool_or(coalesce(is_deciding, false)) as has_deciding_role,
    from {{ ref('int_deal_contacts') }}
    group by opportunity_id
),

people as (
    select
        customer_id,
        bool_or(is_decision_maker) as has_decider,
    from {{ ref('int_contacts') }}
    where is_current and customer_id is not null
    group by customer_id
),

final as (
    select
        deals.opportunity_id,
        deals.is_contact_exported,
        greatest(deals.last_told_on, activities.last_activity_on) as last_activity_on,
        coalesce(activities.activity_count, 0) as activity_count,
        coalesce(activities.deep_contact_count, 0) as deep_contact_count,
        coalesce(activities.activity_count_90d, 0) as activity_count_90d,
        case when roles.has_deciding_role then true else deals.is_decider_told end as has_decision_maker,
        case
            when roles.has_deciding_role then 'deal_role'
            when deals.is_decider_told then 'deal_flag'
            when people.has_decider then 'customer_contact'
            when deals.is_decider_told is not null or people.has_decider is not null then 'nobody'
            else 'unknown'
        end as decision_maker_code,
    from deals
    left join activities using (opportunity_id)
    left join roles using (opportunity_id)
    left join people using (customer_id)
)

select * from final
