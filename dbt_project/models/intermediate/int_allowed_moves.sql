-- One row per system and pair of stages that the company's process joins: in one move as the system can show it, or in
-- several. A stage that a system never shows is passed over: nobody can enter it there.
with recursive

graph as (select * from {{ ref('stage_graph') }}),

shown_stages as (
    select distinct
        source_system,
        stage_code,
    from {{ ref('int_stage_entrances') }}
),

systems as (select distinct source_system from shown_stages),

paths as (
    select
        systems.source_system,
        graph.from_stage_code,
        graph.to_stage_code,
        true as is_one_move,
    from graph
    cross join systems
    union
    select
        paths.source_system,
        paths.from_stage_code,
        graph.to_stage_code,
        paths.is_one_move and shown_stages.stage_code is null as is_one_move,
    from paths
    inner join graph on paths.to_stage_code = graph.from_stage_code
    left join shown_stages
        on paths.source_system = shown_stages.source_system and paths.to_stage_code = shown_stages.stage_code
    where graph.to_stage_code <> paths.from_stage_code
),

final as (
    select
        source_system,
        from_stage_code,
        to_stage_code,
        bool_or(is_one_move) as is_one_move,
    from paths
    group by source_system, from_stage_code, to_stage_code
)

select * from final
