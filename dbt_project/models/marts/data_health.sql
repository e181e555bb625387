-- One row per level, member and month: the health of deal records as one score, with its four parts and their counts.
with

weights as (
    select
        {{ rule('weight_completeness') }} as completeness,
        {{ rule('weight_validity') }} as validity,
        {{ rule('weight_uniqueness') }} as uniqueness,
        {{ rule('weight_timeliness') }} as timeliness,
    from {{ ref('hygiene_rules') }}
),

members as (
    select
        records.*,
        unnest(['total', 'source_system', 'rep', 'team', 'stage']) as level,
        unnest([
            'total', records.source_system, coalesce(records.rep_id, 'unmapped'), coalesce(reps.team, 'unmapped'),
            records.stage_code
        ]) as member,
    from {{ ref('int_deal_records_seen') }} as records
    left join {{ ref('int_reps') }} as reps using (rep_id)
),

counted as (
    select
        level,
        member,
        period_start,
        max(seen_on) as seen_to,
        count(*) as record_count,
        count(*) filter (where not is_contradictory) as valid_count,
        count(*) filter (where not is_re_entered) as unique_count,
        count(*) filter (where stage_type = 'open') as open_count,
        count(touched_on) filter (where stage_type = 'open') as touch_known_count,
        count(*) filter (where stage_type = 'open' and is_touched) as touched_count,
    from members
    where member is not null
    group by level, member, period_start
),

completeness as (
    select level, member, period_start, sum(required_count) as required_count, sum(filled_count) as filled_count,
    from {{ ref('field_completeness') }}
    where object = 'opportunities'
    group by all
),

parts as (
    select
        counted.*,
        cast(completeness.required_count as bigint) as required_count,
        cast(completeness.filled_count as bigint) as filled_count,
        completeness.filled_count / nullif(completeness.required_count, 0) as completeness_share,
        counted.valid_count / counted.record_count as validity_share,
        counted.unique_count / counted.record_count as uniqueness_share,
        counted.touched_count / nullif(counted.touch_known_count, 0) as timeliness_share,
    from counted
    left join completeness using (level, member, period_start)
),

-- A part that cannot be told takes no part in the score: its weight is shared out among the others.
scored as (
    select
        parts.*,
        coalesce(weights.completeness * completeness_share, 0) + coalesce(weights.validity * validity_share, 0)
        + coalesce(weights.uniqueness * uniqueness_share, 0) + coalesce(weights.timeliness * timeliness_share, 0)
            as points,
        if(completeness_share is null, 0, weights.completeness) + if(validity_share is null, 0, weights.validity)
        + if(uniqueness_share is null, 0, weights.uniqueness) + if(timeliness_share is null, 0, weights.timeliness)
            as weight,
    from parts
    cross join weights
),

final as (
    select
        * exclude (points, weight),
        points / nullif(weight, 0) as health_share,
        round(health_share - lag(health_share) over (partition by level, member order by period_start), 6) as relative_change,
    from scored
)

select * from final
