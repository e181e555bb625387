-- One row per void deal record: marked void, or deleted. An earlier forecast may have counted it as a deal.
with

records as (select * from {{ ref('int_opportunity_records') }}),

dropped as (select * from {{ ref('int_opportunity_duplicates') }}),

void_stage as (
    select arg_min(stage_code, stage_order) as stage_code
    from {{ ref('stages') }}
    where stage_type = 'void'
),

final as (
    select
        records.record_id as opportunity_id,
        -- A deleted record is exported in its last stage; here it is void.
        records.* exclude (record_id) replace (void_stage.stage_code as stage_code),
    from records
    cross join void_stage
    left join dropped using (record_id)
    where
        dropped.record_id is null
        and records.stage_type = 'void'
)

select * from final
