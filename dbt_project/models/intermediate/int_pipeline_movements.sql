-- One row per real deal and movement of its amount into, within or out of the open pipeline.
with

run as (select * from {{ source('control', 'run') }}),

deals as (select * from {{ ref('int_opportunities') }}),

stays as (select * from {{ ref('int_stage_history') }}),

-- Before its first export nobody saw the deal, unless it was created since the export before. A history saw it all along.
first_sights as (
    select
        observations.opportunity_id,
        case
            when arg_min(observations.source, observations.observation_number) = 'exported_history' then null
            when any_value(deals.created_on) > arg_min_null(observations.previous_export_on, observations.observation_number)
                then any_value(deals.created_on)
            else min(observations.observed_on)
        end as known_from,
    from {{ ref('int_opportunity_observations') }} as observations
    inner join deals using (opportunity_id)
    group by observations.opportunity_id
),

observations as (
    select
        observations.opportunity_id,
        observations.observation_number,
        stays.stage_type,
        if(observations.is_move, stays.entered_on, observations.observed_on) as observed_on,
        coalesce({{ multiply_money('observations.amount', 'deals.base_rate') }}, 0) as amount_base,
        deals.created_on,
    from {{ ref('int_opportunity_observations') }} as observations
    inner join stays using (opportunity_id, stage_number)
    inner join deals using (opportunity_id)
),

compared as (
    select
        observations.*,
        least(
            max(greatest(observed_on, coalesce(created_on, observed_on))) over by_deal_so_far,
            run.as_of
        ) as moved_on,
        lag(stage_type) over by_deal as previous_stage_type,
        lag(amount_base) over by_deal as previous_amount_base,
    from observations
    cross join run
    window
        by_deal as (partition by opportunity_id order by observation_number),
        by_deal_so_far as (by_deal rows between unbounded preceding and current row)
),

-- Every deal was open when it was created, even one first observed after it had ended.
creations as (
    select
        opportunity_id, least(coalesce(created_on, moved_on), moved_on) as moved_on, 'created' as movement,
        amount_base, 1 as deal_change
    from compared
    where previous_stage_type is null
),

amount_changes as (
    select
        opportunity_id, moved_on, case when amount_base > previous_amount_base then 'increased' else 'decreased' end
            as movement, amount_base - previous_amount_base as amount_base, 0 as deal_change
    from compared
    where previous_stage_type = 'open' and amount_base <> previous_amount_base
),

endings as (
    select opportunity_id, moved_on, stage_type as movement, -amount_base as amount_base, -1 as deal_change
    from compared
    where stage_type <> 'open' and coalesce(previous_stage_type, 'open') = 'open'
),

reopenings as (
    select opportunity_id, moved_on, 'reopened' as movement, amount_base, 1 as deal_change
    from compared
    where stage_type = 'open' and previous_stage_type <> 'open'
),

movements as (
    select * from creations
    union all
    select * from amount_changes
    union all
    select * from endings
    union all
    select * from reopenings
)

select * from movements
inner join first_sights using (opportunity_id)
