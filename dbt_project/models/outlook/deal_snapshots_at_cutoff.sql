-- One row per cutoff of a bookings forecast and deal: its state in the last export up to the cutoff.
with

cutoffs as (
    select distinct as_of
    from {{ ref('forecast_errors') }}
    where {{ series_part('metric') }} = 'bookings'
),

stages as (select * from {{ ref('stages') }}),

final as (
    select
        cutoffs.as_of,
        observations.opportunity_id,
        observations.stage_code,
        stages.stage_type = 'open' as is_open,
        observations.expected_close_on,
        observations.amount,
    from {{ ref('int_opportunity_observations') }} as observations
    inner join cutoffs on observations.observed_on <= cutoffs.as_of
    inner join stages using (stage_code)
    qualify row_number() over (
        partition by cutoffs.as_of, observations.opportunity_id
        order by observations.observation_number desc
    ) = 1
)

select * from final
