-- One row per deal, void ones included: how often and how far its expected closing day was pushed out while it was open.
with

open_observations as (
    select
        observations.opportunity_id,
        observations.observation_number,
        observations.expected_close_on,
        lag(observations.expected_close_on) over (
            partition by observations.opportunity_id order by observations.observation_number
        ) as previous_close_on,
    from {{ ref('int_opportunity_observations') }} as observations
    inner join {{ ref('stages') }} as stages using (stage_code)
    where
        stages.stage_type = 'open'
        and observations.expected_close_on is not null
),

final as (
    select
        opportunity_id,
        arg_min(expected_close_on, observation_number) as first_expected_close_on,
        count(*) filter (where expected_close_on > previous_close_on) as push_count,
        coalesce(
            sum(date_diff('day', previous_close_on, expected_close_on))
            filter (where expected_close_on > previous_close_on),
            0
        ) as pushed_days,
    from open_observations
    group by opportunity_id
)

select * from final
