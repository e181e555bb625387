-- One row per real deal and stage it is seen to enter: the day, or the days between which it did.
with

run as (select * from {{ source('control', 'run') }}),

deals as (select * from {{ ref('int_opportunities') }}),

stages as (select * from {{ ref('stages') }}),

first_stage as (select arg_min(stage_code, stage_order) as stage_code from stages),

-- The state of the newest export, where the system's own history does not have it yet, is known by the export alone.
stays as (
    select
        opportunity_id,
        stage_number,
        arg_min(stage_code, observation_number) as stage_code,
        arg_min(observed_on, observation_number) as seen_on,
        -- `arg_min` alone would pass over the first observation, which has none before it.
        arg_min_null(previous_observed_on, observation_number) as last_seen_on,
        arg_min_null({{ local_date('updated_at') }}, observation_number) as updated_on,
        arg_min(source = 'exported_history' and not is_final, observation_number) as is_recorded,
    from {{ ref('int_opportunity_observations') }}
    cross join run
    group by opportunity_id, stage_number
),

dated_stays as (
    select
        stays.*,
        deals.source_system,
        deals.created_on,
        stages.stage_order,
        stages.stage_type,
        case
            when
                stages.stage_type in ('won', 'lost') and deals.closed_on_source = 'closed_on' and deals.stage_type <> 'open'
                and stays.stage_number = max(stays.stage_number) over (partition by stays.opportunity_id)
                then deals.closed_on
            when stays.is_recorded then stays.seen_on
            when stays.stage_number = 1 and stays.stage_code = first_stage.stage_code then deals.created_on
        end as moved_on,
    from stays
    cross join first_stage
    inner join deals using (opportunity_id)
    inner join stages on stays.stage_code = stages.stage_code
),

-- A move is a change, so it was made by the day of the last change; before its export, after the one that knew it not.
final as (
    select
        opportunity_id,
        stage_number,
        stage_code,
        stage_order,
        stage_type,
        source_system,
        moved_on,
        coalesce(moved_on, last_seen_on, created_on) as earliest_on,
        coalesce(moved_on, greatest(least(updated_on, seen_on), last_seen_on, created_on), seen_on) as latest_on,
        moved_on is not null as is_exact,
        is_recorded,
    from dated_stays
)

select * from final
