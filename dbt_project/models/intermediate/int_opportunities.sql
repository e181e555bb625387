-- One row per real deal: its surviving record. Void deals and duplicates are in the crosswalk only.
with

records as (select * from {{ ref('int_opportunity_records') }}),

dropped as (select * from {{ ref('int_opportunity_duplicates') }}),

final as (
    select
        records.record_id as opportunity_id,
        records.* exclude (record_id),
    from records
    left join dropped using (record_id)
    where
        dropped.record_id is null
        and records.stage_type <> 'void'
)

select * from final
