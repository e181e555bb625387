-- One row per real deal: how its stages are known, and how it ended.
with

sources as (
    select
        opportunity_id,
        any_value(source) as source,
    from {{ ref('int_opportunity_observations') }}
    group by opportunity_id
),

final as (
    select
        deals.opportunity_id,
        deals.source_system,
        case sources.source when 'exported_history' then 'exact_history' else 'dated_exports_estimate' end as basis,
        deals.created_on,
        deals.closed_on,
        coalesce(deals.closed_on_source = 'closed_on', false) as is_closing_day_known,
        case when deals.closed_on is null then 'open' else deals.stage_type end as outcome,
    from {{ ref('int_opportunities') }} as deals
    cross join {{ source('control', 'run') }} as run
    inner join sources using (opportunity_id)
    -- A closing day after as_of is a mistake of the source: the deal has ended, nobody knows when.
    where deals.closed_on is null or deals.closed_on <= run.as_of
)

select * from final
