-- One row per contact person of a source system that is neither deleted nor merged away: who, of which customer, last met.
with

people as (
    select * from {{ ref('int_contacts') }}
    where is_current
),

met as (
    select
        contact_id,
        count(*) as activity_count,
        max(occurred_on) as last_activity_on,
    from {{ ref('int_activities') }}
    where contact_id is not null
    group by contact_id
),

final as (
    select
        people.contact_id,
        people.customer_id,
        people.contact_name,
        people.job_title,
        records.email,
        records.phone,
        coalesce(people.is_decision_maker, false) as is_decision_maker,
        records.email is not null or records.phone is not null as is_reachable,
        records.born_on is not null as is_birthday_known,
        coalesce(met.activity_count, 0) as activity_count,
        met.last_activity_on,
        records.created_on,
        records.source_system,
        records.source_id,
        records.exported_at,
    from people
    inner join {{ ref('stg_contacts') }} as records
        on people.source_system = records.source_system
        and people.source_contact_id = coalesce(records.contact_id, records.source_id)
    left join met on people.contact_id = met.contact_id
)

select * from final
