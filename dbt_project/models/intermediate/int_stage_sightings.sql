-- One row per deal that is known from dated exports and export that shows it open: the stage it is in.
with

seen_days as (
    select
        opportunity_id,
        observed_on as exported_on,
        arg_max(stage_code, observation_number) as stage_code,
    from {{ ref('int_opportunity_observations') }}
    where source = 'dated_exports' and not is_final
    group by all
),

-- A file of changes lists a deal only when it changes: until then the deal is where it was.
known_days as (
    select
        deals.opportunity_id,
        export_days.exported_on,
        seen_days.stage_code,
    from {{ ref('int_opportunities') }} as deals
    inner join {{ ref('int_deal_export_days') }} as export_days using (source_system)
    asof inner join seen_days
        on deals.opportunity_id = seen_days.opportunity_id and export_days.exported_on >= seen_days.exported_on
),

final as (
    select
        known_days.opportunity_id,
        known_days.exported_on,
        cast(stages.stage_order as bigint) as stage_order,
    from known_days
    inner join {{ ref('stages') }} as stages using (stage_code)
    where stages.stage_type = 'open'
)

select * from final
