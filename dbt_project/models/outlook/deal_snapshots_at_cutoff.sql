-- One row per cutoff of a bookings forecast and deal: its state in the last export up to the cutoff.
with

cutoffs as (
    select distinct as_of
    from {{ ref('forecast_errors') }}
    where {{ series_part('metric') }} = 'bookings'
),

stages as (select * from {{ ref('stages') }}),

-- A state holds until the first day on which a later one is known: millions of states stand beside few cutoffs.
dated as (
    select
        observations.*,
        stages.stage_type,
        min(observations.observed_on) over (
            partition by observations.opportunity_id
            order by observations.observation_number
            rows between 1 following and unbounded following
        ) as next_on,
    from {{ ref('int_opportunity_observations') }} as observations
    inner join stages using (stage_code)
),

final as (
    select
        cutoffs.as_of,
        dated.opportunity_id,
        dated.stage_code,
        dated.stage_type = 'open' as is_open,
        dated.expected_close_on,
        dated.amount,
    from dated
    inner join cutoffs on dated.observed_on <= cutoffs.as_of and coalesce(dated.next_on > cutoffs.as_of, true)
)

select * from final
