-- One row per contact person that a system has ever named by an id: the record that the person is now, and its customer.
with

records as (
    select
        *,
        coalesce(contact_id, source_id) as source_contact_id,
    from {{ ref('stg_contacts') }}
),

-- A record that was merged away answers under the id of the one that was kept.
final as (
    select
        records.source_system,
        records.source_contact_id,
        records.source_system || '|' || coalesce(kept.source_contact_id, records.source_contact_id) as contact_id,
        coalesce(kept.contact_name, records.contact_name) as contact_name,
        coalesce(kept.job_title, records.job_title) as job_title,
        coalesce(kept.is_decision_maker, records.is_decision_maker) as is_decision_maker,
        customers.customer_id,
        records.merged_into_id is null and not coalesce(records.is_deleted, false) as is_current,
    from records
    left join records as kept
        on records.source_system = kept.source_system and records.merged_into_id = kept.source_contact_id
    left join {{ source('resolved', 'customer_map') }} as customers
        on records.source_system = customers.source_system
        and coalesce(kept.account_source_id, records.account_source_id) = customers.source_id
    qualify row_number() over (
        partition by records.source_system, records.source_contact_id
        order by records.updated_at desc nulls last, records.source_id
    ) = 1
)

select * from final
