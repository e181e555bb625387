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

-- A file of changes lists a deal only when it changes: until it is listed again the deal is where it was.
open_spans as (
    select
        seen_days.opportunity_id,
        seen_days.exported_on,
        lead(seen_days.exported_on) over (
            partition by seen_days.opportunity_id order by seen_days.exported_on
        ) as next_exported_on,
        cast(stages.stage_order as bigint) as stage_order,
    from seen_days
    left join {{ ref('stages') }} as stages using (stage_code)
    qualify stages.stage_type = 'open'
),

final as (
    select
        open_spans.opportunity_id,
        export_days.exported_on,
        open_spans.stage_order,
    from open_spans
    inner join {{ ref('int_opportunities') }} as deals using (opportunity_id)
    inner join {{ ref('int_deal_export_days') }} as export_days
        on deals.source_system = export_days.source_system
        and open_spans.exported_on <= export_days.exported_on
        and coalesce(open_spans.next_exported_on > export_days.exported_on, true)
)

select * from final
