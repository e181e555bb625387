{{ config(meta={'dagster': {'ref': {'name': 'opportunity_crosswalk'}}}) }}

-- A duplicate must lead to a deal that is served. A row here would be money that vanished without a survivor.
select
    crosswalk.source_system,
    crosswalk.source_id,
    crosswalk.opportunity_id,
from {{ ref('opportunity_crosswalk') }} as crosswalk
left join {{ ref('opportunities') }} as deals using (opportunity_id)
where
    crosswalk.rule not in ('void_stage', 'deleted_in_source')
    and deals.opportunity_id is null
