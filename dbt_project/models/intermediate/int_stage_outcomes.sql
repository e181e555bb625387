-- One row per stage and status (none included): the stage and stage type of a deal that has both.
with

stages as (select * from {{ ref('stages') }}),

statuses as (
    select unnest(['open', 'won', 'lost', 'void', null]) as status
),

endings as (
    select
        stage_type,
        arg_min(stage_code, stage_order) as stage_code,
    from stages
    where stage_type <> 'open'
    group by stage_type
),

last_open_stage as (
    select arg_max(stage_code, stage_order) as stage_code
    from stages
    where stage_type = 'open'
),

combined as (
    select
        stages.stage_code as source_stage_code,
        statuses.status as source_status,
        coalesce(statuses.status, stages.stage_type) as stage_type,
        case
            when statuses.status is null or statuses.status = stages.stage_type then stages.stage_code
            -- The status is open but the stage is an ending: the deal was reopened after it ended.
            when statuses.status = 'open' then last_open_stage.stage_code
            else endings.stage_code
        end as stage_code,
        case when stages.stage_type = 'open' then stages.stage_code end as open_stage_code,
        coalesce(statuses.status = 'open' and stages.stage_type <> 'open', false) as is_contradictory,
    from stages
    cross join statuses
    cross join last_open_stage
    left join endings on statuses.status = endings.stage_type
),

final as (
    select
        combined.*,
        stages.stage_order,
    from combined
    inner join stages using (stage_code)
)

select * from final
