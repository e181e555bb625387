-- One row per call, mail, visit or meeting up to as_of: which deal, customer, person and rep it was about.
with

run as (select * from {{ source('control', 'run') }}),

-- What happened on a duplicate happened on the deal that stands for it.
deals as (select * from {{ ref('int_deal_ids') }}),

customers as (select * from {{ source('resolved', 'customer_map') }}),

people as (select * from {{ ref('int_contacts') }}),

reps as (
    select
        names.source_system,
        names.rep_source_id,
        records.rep_id,
    from {{ ref('int_rep_references') }} as names
    inner join {{ ref('int_rep_records') }} as records using (source_system, source_key)
),

words as (select * from {{ ref('activity_words') }}),

final as (
    select
        activities.source_system || '|' || activities.source_id as activity_id,
        activities.occurred_on,
        coalesce(words.activity_code, 'unmapped') as activity_code,
        activities.activity_type,
        activities.is_deep_contact,
        activities.direction,
        activities.subject,
        deals.opportunity_id,
        coalesce(customers.customer_id, deals.customer_id, people.customer_id) as customer_id,
        case
            when customers.customer_id is not null then 'account'
            when deals.customer_id is not null then 'deal'
            when people.customer_id is not null then 'contact'
        end as customer_id_source,
        people.contact_id,
        reps.rep_id,
        activities.source_system,
        activities.source_id,
        activities.exported_at,
    from {{ ref('stg_activities') }} as activities
    cross join run
    left join deals
        on activities.source_system = deals.source_system and activities.opportunity_id = deals.source_deal_id
    left join customers
        on activities.source_system = customers.source_system and activities.account_source_id = customers.source_id
    left join people
        on activities.source_system = people.source_system and activities.contact_id = people.source_contact_id
    left join reps
        on activities.source_system = reps.source_system
        and coalesce(activities.owner_id, 'name:' || activities.owner_name) = reps.rep_source_id
    left join words on {{ same_word('activities.activity_type', 'words.word') }}
    where activities.occurred_on <= run.as_of
)

select * from final
