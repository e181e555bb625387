-- One row per real deal with a day of creation that any history or export shows: what the forecast from deals is told of
-- it, as known at as_of. When it was first known stands beside it: at an earlier day it is not in the pipeline.
with

run as (select * from {{ source('control', 'run') }}),

deals as (
    select * from {{ ref('int_opportunities') }}
    where created_on is not null
),

dimensions as (select * from {{ ref('int_opportunity_dimensions') }}),

knowledge as (
    select
        opportunity_id,
        min(observed_on) as first_known_on,
        arg_min(source, observation_number) as source,
    from {{ ref('int_opportunity_observations') }}
    group by opportunity_id
),

final as (
    select
        deals.opportunity_id as deal_id,
        case when knowledge.source = 'exported_history' then 'exact_history' else 'dated_exports' end as basis,
        deals.customer_id,
        least(deals.created_on, run.as_of) as created_on,
        case when deals.stage_type <> 'open' then greatest(least(deals.closed_on, run.as_of), created_on) end as closed_on,
        case when deals.stage_type in ('won', 'lost') then deals.stage_type end as outcome,
        cast(deals.amount_base as double) as amount,
        dimensions.region,
        dimensions.product_line,
        dimensions.team,
        coalesce(dimensions.rep_id, 'unmapped') as rep,
        knowledge.first_known_on,
    from deals
    cross join run
    inner join knowledge using (opportunity_id)
    inner join dimensions using (opportunity_id)
    -- of a deal that ended on a day that nobody knows nothing can be learnt; least() would let it end today
    where deals.stage_type = 'open' or deals.closed_on is not null
)

select * from final
