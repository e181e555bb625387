-- One row per rule of deal_risk: what became of the deals that it would have flagged, beside deals of the same stage and age.
with

run as (select * from {{ source('control', 'run') }}),

deals as (select * from {{ ref('opportunities') }}),

rules as (select {{ rule('min_probability_deals') }} as min_deals from {{ ref('process_rules') }}),

-- Losses come sooner than wins, so only days from which nine of ten deals of the stage have ended can be judged.
sightings as (
    select
        seen.*,
        deals.is_open,
        deals.is_lost,
    from {{ ref('deal_risk_sightings') }} as seen
    cross join run
    inner join deals using (opportunity_id)
    inner join {{ ref('stage_probabilities') }} as stages on seen.stage_code = stages.stage_code
    where
        date_diff('day', seen.seen_on, run.as_of) >= stages.settling_days
        and (deals.is_open or deals.closed_on between seen.seen_on and run.as_of)
),

-- A flagged deal is judged once, on the first day on which the rule held.
flagged as (
    select * from sightings
    where is_flagged
    qualify row_number() over (partition by rule, opportunity_id order by seen_on) = 1
),

peers as (
    select distinct
        rule,
        stage_code,
        age_band,
        opportunity_id,
        is_lost,
    from sightings
    where not is_flagged and not is_open
),

peer_cells as (
    select
        rule,
        stage_code,
        age_band,
        count(*) as peer_count,
        avg(cast(is_lost as integer)) as peer_loss_rate,
    from peers
    group by rule, stage_code, age_band
),

counted as (
    select
        flagged.rule,
        count(*) filter (where not flagged.is_open) as flagged_count,
        count(*) filter (where flagged.is_lost) as flagged_lost_count,
        count(*) filter (where flagged.is_open) as still_open_count,
        avg(cells.peer_loss_rate order by flagged.opportunity_id) filter (where not flagged.is_open) as peer_loss_rate,
        (
            select count(distinct peers.opportunity_id) from peers
            where peers.rule = flagged.rule
        ) as peer_count,
    from flagged
    left join peer_cells as cells using (rule, stage_code, age_band)
    group by flagged.rule
),

final as (
    select
        risk_rules.rule,
        coalesce(counted.flagged_count, 0) as flagged_count,
        coalesce(counted.flagged_lost_count, 0) as flagged_lost_count,
        coalesce(counted.still_open_count, 0) as still_open_count,
        counted.flagged_lost_count / nullif(counted.flagged_count, 0) as loss_rate,
        {{ wilson('counted.flagged_lost_count', 'counted.flagged_count', -1) }} as loss_low_95,
        {{ wilson('counted.flagged_lost_count', 'counted.flagged_count', 1) }} as loss_high_95,
        coalesce(counted.peer_count, 0) as peer_count,
        counted.peer_loss_rate,
        case
            when counted.rule is null and risk_rules.rule not in (select rule from sightings) then 'not_replayed'
            when coalesce(counted.flagged_count, 0) < rules.min_deals then 'too_few'
            when loss_low_95 > counted.peer_loss_rate then 'predicts_loss'
            when loss_high_95 < counted.peer_loss_rate then 'predicts_win'
            else 'does_not_predict'
        end as verdict_code,
    from {{ ref('deal_risk_rules') }} as risk_rules
    cross join rules
    left join counted on risk_rules.rule = counted.rule
)

select * from final
