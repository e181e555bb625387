-- One row per deal record that turned out to be no deal: marked void, or deleted. It may have been a deal in a forecast.
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
        -- A deleted record keeps the stage it had; what it is now is void.
        records.* exclude (record_id) replace (void_stage.stage_code as stage_code),
    from records
    cross join void_stage
    left join dropped using (record_id)
    where
        dropped.record_id is null
        and records.stage_type = 'void'
)

select * from final
