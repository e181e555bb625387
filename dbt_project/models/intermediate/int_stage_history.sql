-- One row per real deal and uninterrupted stay in a stage, with the fewest and the most days that it can have lasted.
with

run as (select * from {{ source('control', 'run') }}),

stays as (select * from {{ ref('int_stage_stays') }}),

left_stays as (
    select
        *,
        lead(entered_on) over (partition by opportunity_id order by stage_number) as left_on,
        lead(entered_latest_on) over (partition by opportunity_id order by stage_number) as left_latest_on,
        case
            when source = 'exported_history'
                then lead(entered_earliest_on) over (partition by opportunity_id order by stage_number)
            else greatest(least(last_observed_on + 1, left_latest_on), entered_latest_on)
        end as left_earliest_on,
    from stays
),

-- Stages that came and went between two exports are not seen: a stay ends on the first day it can have ended.
bounded_stays as (
    select
        left_stays.* exclude (left_earliest_on),
        case when left_stays.left_latest_on is not null then left_stays.left_earliest_on end as left_earliest_on,
        case
            when left_stays.left_on is not null or left_stays.stage_type = 'open'
                then
                    greatest(date_diff(
                        'day', left_stays.entered_latest_on,
                        if(left_stays.left_on is null, run.as_of, left_stays.left_earliest_on)
                    ), 0)
        end as days_at_least,
        case
            when left_stays.left_on is not null or left_stays.stage_type = 'open'
                then
                    greatest(date_diff(
                        'day', left_stays.entered_earliest_on, coalesce(left_stays.left_latest_on, run.as_of)
                    ), 0)
        end as days_at_most,
    from left_stays
    cross join run
),

final as (
    select
        opportunity_id,
        stage_number,
        stage_code,
        stage_type,
        stage_order,
        previous_stage_code,
        entered_on,
        left_on,
        entered_earliest_on,
        entered_latest_on,
        left_earliest_on,
        left_latest_on,
        coalesce(entered_earliest_on = entered_latest_on, false) as is_entry_exact,
        case when days_at_least = days_at_most then days_at_least end as days_in_stage,
        days_at_least,
        days_at_most,
        {{ multiply_money('amount', 'base_rate') }} as amount_base,
        expected_close_on,
        is_current,
        coalesce(stage_order < previous_stage_order, false) as is_backward,
        source,
    from bounded_stays
)

select * from final
