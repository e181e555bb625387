-- One row per real deal and uninterrupted stay in a stage.
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
        arg_min(previous_export_on, observation_number) as previous_export_on,
        arg_min({{ local_date('updated_at') }}, observation_number) as updated_on,
        arg_max(amount, observation_number) as amount,
        arg_max(expected_close_on, observation_number) as expected_close_on,
        arg_min(source, observation_number) as source,
        stage_number = max(stage_number) over (partition by opportunity_id) as is_current,
    from observations
    cross join run
    group by opportunity_id, stage_number
),

-- Exports show that a deal moved since the previous export; the day itself is taken from the deal where it has one.
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
        stays.stage_number > 1
        or stays.source = 'exported_history'
        or coalesce(deals.created_on > stays.previous_export_on, false)
        or coalesce(stays.stage_code = first_stage.stage_code and deals.created_on is not null, false)
        or (stages.stage_type in ('won', 'lost') and deals.closed_on is not null) as is_entry_observed,
    from stays
    cross join first_stage
    inner join deals using (opportunity_id)
    inner join stages on stays.stage_code = stages.stage_code
),

-- A back-dated closing day cannot precede the previous stage.
ordered_stays as (
    select
        *,
        max(dated_on) over (partition by opportunity_id order by stage_number) as entered_on,
        lag(stage_order) over (partition by opportunity_id order by stage_number) as previous_stage_order,
        lag(stage_code) over (partition by opportunity_id order by stage_number) as previous_stage_code,
    from dated_stays
),

left_stays as (
    select
        *,
        lead(entered_on) over (partition by opportunity_id order by stage_number) as left_on,
    from ordered_stays
),

final as (
    select
        left_stays.opportunity_id,
        left_stays.stage_number,
        left_stays.stage_code,
        left_stays.stage_type,
        left_stays.stage_order,
        left_stays.previous_stage_code,
        left_stays.entered_on,
        left_stays.left_on,
        case
            when left_stays.left_on is not null or left_stays.stage_type = 'open'
                then greatest(date_diff('day', left_stays.entered_on, coalesce(left_stays.left_on, run.as_of)), 0)
        end as days_in_stage,
        cast(left_stays.amount * left_stays.base_rate as decimal(18, 4)) as amount_base,
        left_stays.expected_close_on,
        left_stays.is_current,
        left_stays.is_entry_observed,
        coalesce(left_stays.stage_order < left_stays.previous_stage_order, false) as is_backward,
        left_stays.source,
    from left_stays
    cross join run
)

select * from final
