-- One row per team or rep, open stage and type of deal: the deals that ended lately and reached the stage, and how many of
-- them got further. Of systems with a history of their own: between two exports losses look as if they came early.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select {{ rule('comparison_months') }} as months from {{ ref('process_rules') }}
),

ladder as (
    select * from {{ ref('stages') }}
    where stage_type = 'open'
),

deals as (
    select
        deals.opportunity_id,
        deals.source_system,
        deals.is_won,
        deals.deal_type,
        deals.team,
        deals.rep_id,
    from {{ ref('opportunities') }} as deals
    cross join run
    cross join rules
    where
        not deals.is_open
        and deals.closed_on > run.as_of - to_months(cast(rules.months as integer))
        and deals.closed_on <= run.as_of
),

-- The farthest stage counts: a deal that skipped one has passed it all the same.
farthest as (
    select
        moves.opportunity_id,
        max(ladder.stage_order) as stage_order,
    from {{ ref('stage_moves') }} as moves
    inner join ladder on moves.to_stage_code = ladder.stage_code
    where moves.is_recorded
    group by moves.opportunity_id
),

-- A system whose one word stands for two stages cannot tell from which of them a deal was lost.
told_stages as (
    select * from {{ ref('int_stage_ladders') }}
    where stages_covered = stage_code
),

results as (
    select
        deals.*,
        told_stages.stage_code,
        told_stages.stage_order,
        deals.is_won or farthest.stage_order > ladder.stage_order as is_forward,
    from deals
    inner join farthest using (opportunity_id)
    inner join ladder on (deals.is_won or farthest.stage_order >= ladder.stage_order)
    inner join told_stages on deals.source_system = told_stages.source_system and ladder.stage_code = told_stages.stage_code
),

final as (
    {% for level, member in [('team', 'team'), ('rep', 'rep_id')] -%}
        select
            '{{ level }}' as level,
            {{ member }} as member,
            stage_code,
            stage_order,
            deal_type,
            count(*) as reached_count,
            count(*) filter (where is_forward) as forward_count,
        from results
        where {{ member }} is not null
        group by all
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
)

select * from final
