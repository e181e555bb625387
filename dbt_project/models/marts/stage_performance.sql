-- One row per team or rep and open stage: whether its deals get further than those of peers with the same kinds of deals,
-- and how long they stay beside the stage's target.
with

rules as (
    select
        {{ rule('min_moves') }} as fewest_deals,
        max(comparisons.false_discovery_rate) filter (where comparisons.comparison = 'stage_conversion')
            as false_discovery_rate,
    from {{ ref('process_rules') }}
    cross join {{ ref('comparison_rules') }} as comparisons
),

-- What peers made of deals of the same type, the member's own left out.
compared as (
    select
        *,
        sum(reached_count) over of_kind - reached_count as peer_count,
        (sum(forward_count) over of_kind - forward_count) / nullif(sum(reached_count) over of_kind - reached_count, 0)
            as peer_rate,
    from {{ ref('int_stage_results') }}
    window of_kind as (partition by level, stage_code, deal_type)
),

members as (
    select
        level,
        member,
        stage_code,
        stage_order,
        sum(reached_count) as reached_count,
        sum(forward_count) as forward_count,
        sum(reached_count * peer_rate order by deal_type) as expected_count,
        -- Both the member's own chance and that of the peers' rate.
        sum(peer_rate * (1 - peer_rate) * (reached_count + reached_count * reached_count / peer_count) order by deal_type)
            as variance,
        count(*) filter (where peer_rate is null) > 0 as is_without_peer,
    from compared
    group by all
),

judged as (
    select
        members.*,
        reached_count >= rules.fewest_deals and variance > 0 and not is_without_peer as is_enough,
        case when is_enough then {{ two_sided_p_value('((forward_count - expected_count) / sqrt(variance))') }} end
            as p_value,
        rules.false_discovery_rate,
    from members
    cross join rules
),

-- Benjamini and Hochberg (1995), over all members and stages of a level that are compared.
stepped as (
    select
        *,
        p_value * count(p_value) over (partition by level)
        / row_number() over (partition by level order by p_value nulls last, member, stage_code) as stepped_value,
    from judged
),

adjusted as (
    select
        * exclude (stepped_value),
        case when is_enough then least(1, min(stepped_value) over (
            partition by level order by p_value desc nulls first, member desc, stage_code desc
            rows between unbounded preceding and current row
        )) end as adjusted_p_value,
    from stepped
),

final as (
    select
        adjusted.level,
        adjusted.member,
        adjusted.stage_code,
        cast(adjusted.stage_order as bigint) as stage_order,
        cast(adjusted.reached_count as bigint) as reached_count,
        cast(adjusted.forward_count as bigint) as forward_count,
        adjusted.forward_count / adjusted.reached_count as conversion_rate,
        {{ wilson('adjusted.forward_count', 'adjusted.reached_count', -1) }} as conversion_low_95,
        {{ wilson('adjusted.forward_count', 'adjusted.reached_count', 1) }} as conversion_high_95,
        case when not adjusted.is_without_peer then adjusted.expected_count / adjusted.reached_count end as peer_rate,
        adjusted.p_value,
        adjusted.adjusted_p_value,
        case
            when not adjusted.is_enough then 'too_few'
            when adjusted.adjusted_p_value > adjusted.false_discovery_rate then 'like_peers'
            when adjusted.forward_count > adjusted.expected_count then 'above_peers'
            else 'below_peers'
        end as standing_code,
        coalesce(stays.stay_count, 0) as stay_count,
        stays.mean_days as mean_stay_days,
        stays.target_days,
        stays.over_target_count / stays.stay_count as over_target_share,
    from adjusted
    left join {{ ref('int_stage_durations') }} as stays using (level, member, stage_code)
)

select * from final
