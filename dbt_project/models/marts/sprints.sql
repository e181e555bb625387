-- One row per sprint, and team or rep: what came into the open pipeline, what left it, and what was moved on.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select
        {{ rule('sprint_days', 'integer') }} as sprint_days,
        {{ rule('sprint_count', 'integer') }} as sprint_count,
    from {{ ref('pace_rules') }}
),

-- The newest sprint ends with as_of, so that it is whole.
sprints as (
    select
        cast(unnest(range(rules.sprint_count)) as integer) as sprints_ago,
        cast(run.as_of - sprints_ago * rules.sprint_days as date) as sprint_end,
        cast(sprint_end - rules.sprint_days + 1 as date) as sprint_start,
    from run
    cross join rules
),

members as (
    select * from {{ ref('int_opportunity_members') }}
    where level in ('total', 'team', 'rep')
),

movements as (
    select
        members.level,
        members.member,
        movements.*,
    from {{ ref('int_pipeline_movements') }} as movements
    inner join members using (opportunity_id)
),

-- The balance at a sprint's end is the sum of all movements up to it.
counted as (
    select
        movements.level,
        movements.member,
        sprints.sprint_start,
        sprints.sprint_end,
        sum(movements.deal_change) as closing_count,
        sum(movements.amount_base) as closing_amount_base,
        coalesce(sum(movements.deal_change) filter (where movements.moved_on < sprints.sprint_start), 0) as opening_count,
        coalesce(sum(movements.amount_base) filter (where movements.moved_on < sprints.sprint_start), 0)
            as opening_amount_base,
        {% for movement in ['created', 'won', 'lost', 'reopened'] -%}
            count(*) filter (where movements.movement = '{{ movement }}' and movements.moved_on >= sprints.sprint_start)
                as {{ movement }}_count,
            coalesce(abs(sum(movements.amount_base) filter (
                where movements.movement = '{{ movement }}' and movements.moved_on >= sprints.sprint_start
            )), 0) as {{ movement }}_amount_base,
        {% endfor -%}
    from movements
    inner join sprints on movements.moved_on <= sprints.sprint_end
    group by all
),

moved as (
    select
        members.level,
        members.member,
        sprints.sprint_start,
        count(*) filter (where moves.move_code in ('next', 'skipped', 'forward')) as forward_count,
        count(*) filter (where moves.move_code = 'backward') as backward_count,
    from {{ ref('stage_moves') }} as moves
    inner join members using (opportunity_id)
    inner join sprints on moves.latest_on between sprints.sprint_start and sprints.sprint_end
    group by all
),

final as (
    select
        counted.level,
        counted.member,
        counted.sprint_start,
        counted.sprint_end,
        {% for movement in ['opening', 'created', 'reopened', 'won', 'lost', 'closing'] -%}
            cast(counted.{{ movement }}_count as bigint) as {{ movement }}_count,
            cast(counted.{{ movement }}_amount_base as decimal(18, 4)) as {{ movement }}_amount_base,
        {% endfor -%}
        cast(
            closing_amount_base - opening_amount_base - created_amount_base - reopened_amount_base
            + won_amount_base + lost_amount_base as decimal(18, 4)
        ) as revised_base,
        coalesce(moved.forward_count, 0) as forward_count,
        coalesce(moved.backward_count, 0) as backward_count,
    from counted
    left join moved using (level, member, sprint_start)
)

select * from final
