-- One row per milestone of a product development project: how late it was reached, or is expected.
with

run as (select * from {{ source('control', 'run') }}),

final as (
    select
        milestones.source_system || '|' || milestones.source_id as milestone_id,
        milestones.project,
        milestones.product_line,
        milestones.milestone_name,
        milestones.owner_name,
        milestones.planned_on,
        if(milestones.reached_on is null, milestones.expected_on, null) as expected_on,
        milestones.reached_on,
        case
            when milestones.reached_on is not null then 'reached'
            when milestones.expected_on > milestones.planned_on then 'slipping'
            when coalesce(milestones.expected_on, milestones.planned_on) < run.as_of then 'overdue'
            else 'on_plan'
        end as status_code,
        date_diff('day', milestones.planned_on, milestones.reached_on) as late_days,
        -- a day that has passed without being reached moves on with as_of
        if(milestones.reached_on is null, greatest(
            date_diff('day', milestones.planned_on, coalesce(milestones.expected_on, milestones.planned_on)),
            date_diff('day', milestones.planned_on, run.as_of),
            0
        ), null) as expected_late_days,
    from {{ ref('stg_milestones') }} as milestones
    cross join run
)

select * from final
