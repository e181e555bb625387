-- One row per real deal and uninterrupted stay in a stage: the first and the last day on which it can have begun.
with

run as (select * from {{ source('control', 'run') }}),

deals as (select * from {{ ref('int_opportunities') }}),

stages as (select * from {{ ref('stages') }}),

first_stage as (select arg_min(stage_code, stage_order) as stage_code from stages),

observations as (select * from {{ ref('int_opportunity_observations') }}),

stays as (
    select
        opportunity_id,
        stage_number,
        arg_min(stage_code, observation_number) as stage_code,
        arg_min(observed_on, observation_number) as first_observed_on,
        max(observed_on) as last_observed_on,
        -- of the first look alone: a later one knows an export before it where the first has none
        arg_min_null(previous_export_on, observation_number) as previous_export_on,
        arg_min_null({{ local_date('updated_at') }}, observation_number) as updated_on,
        arg_max(amount, observation_number) as amount,
        arg_max(expected_close_on, observation_number) as expected_close_on,
        arg_min(source, observation_number) as source,
        stage_number = max(stage_number) over (partition by opportunity_id) as is_current,
    from observations
    cross join run
    group by opportunity_id, stage_number
),

-- Exports show that a deal moved since the previous export, not when. dated_on is the day that movements of money are
-- booked on: the deal's own day where it has one. What is known of the move are the first and last day it can have had:
-- a deal cannot have been edited last before it moved.
dated_stays as (
    select
        stays.*,
        stages.stage_type,
        stages.stage_order,
        deals.base_rate,
        case
            when stays.is_current and stages.stage_type in ('won', 'lost') and deals.closed_on is not null
                then deals.closed_on
            when stays.source = 'exported_history' then stays.first_observed_on
            when stays.stage_number > 1 and stays.updated_on > stays.previous_export_on
                then least(stays.updated_on, stays.first_observed_on)
            when
                stays.stage_number = 1
                and (deals.created_on > stays.previous_export_on or stays.stage_code = first_stage.stage_code)
                then coalesce(deals.created_on, stays.first_observed_on)
            else stays.first_observed_on
        end as dated_on,
        stays.is_current
        and stages.stage_type in ('won', 'lost')
        and coalesce(deals.closed_on is not null and deals.closed_on_source = 'closed_on', false) as is_dated_ending,
        stays.stage_number = 1
        and stays.stage_code = first_stage.stage_code
        and deals.created_on is not null as is_creation,
        case
            when is_dated_ending then deals.closed_on
            when stays.source = 'exported_history' then stays.first_observed_on
            when stays.stage_number = 1 then least(deals.created_on, stays.first_observed_on)
            else stays.previous_export_on + 1
        end as earliest_on,
        case
            when is_dated_ending then deals.closed_on
            when stays.source = 'exported_history' then stays.first_observed_on
            when is_creation then least(deals.created_on, stays.first_observed_on)
            when stays.updated_on > stays.previous_export_on
                then least(stays.updated_on, stays.first_observed_on)
            else stays.first_observed_on
        end as latest_on,
    from stays
    cross join first_stage
    inner join deals using (opportunity_id)
    inner join stages on stays.stage_code = stages.stage_code
),

-- A back-dated closing day cannot precede the previous stage.
final as (
    select
        * exclude (
            first_observed_on, previous_export_on, updated_on, is_dated_ending, is_creation,
            dated_on, earliest_on, latest_on
        ),
        max(dated_on) over so_far as entered_on,
        case when earliest_on is not null then max(earliest_on) over so_far end as entered_earliest_on,
        max(latest_on) over so_far as entered_latest_on,
        lag(stage_order) over so_far as previous_stage_order,
        lag(stage_code) over so_far as previous_stage_code,
    from dated_stays
    window so_far as (partition by opportunity_id order by stage_number)
)

select * from final
