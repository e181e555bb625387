-- One row per source system and open stage that any of its deals has been in, with the stages its word covers.
with

-- A company's own stage_words may come from a version without the column covers.
stage_words as (
    select * from {{ ref('stage_words') }}
    union all by name
    select cast(null as varchar) as covers
    where false
),

covered as (
    select
        source_system,
        canonical as stage_code,
        max(covers) as covers,
    from stage_words
    where covers <> ''
    group by all
),

used_stages as (
    select distinct
        deals.source_system,
        observations.stage_code,
    from {{ ref('int_opportunity_observations') }} as observations
    inner join {{ ref('int_opportunities') }} as deals using (opportunity_id)
),

final as (
    select
        used_stages.source_system,
        cast(stages.stage_order as bigint) as stage_order,
        used_stages.stage_code,
        coalesce(covered.covers, used_stages.stage_code) as stages_covered,
    from used_stages
    inner join {{ ref('stages') }} as stages on used_stages.stage_code = stages.stage_code
    left join covered
        on used_stages.source_system = covered.source_system and used_stages.stage_code = covered.stage_code
    where stages.stage_type = 'open'
)

select * from final
