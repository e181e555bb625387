-- One row per source system and open stage it uses: the days after which a deal there has stayed unusually long.
with

ladders as (select * from {{ ref('int_stage_ladders') }}),

estimates as (
    select * from {{ ref('funnel') }}
    where period = 'all_time' and p90_days is not null
),

-- A word for two stages lasts as long as both.
configured as (
    select
        ladders.source_system,
        ladders.stage_code,
        sum(rules.stalled_days) as stalled_days,
    from ladders
    inner join {{ ref('stage_rules') }} as rules
        on list_contains(string_split(ladders.stages_covered, '+'), rules.stage_code)
    group by all
),

final as (
    select
        ladders.source_system,
        ladders.stage_code,
        -- Of one word for two stages no other system knows the days.
        coalesce(
            case when ladders.stages_covered = ladders.stage_code then company.p90_days else own.p90_days end,
            configured.stalled_days
        ) as usual_stage_days,
    from ladders
    left join configured
        on ladders.source_system = configured.source_system and ladders.stage_code = configured.stage_code
    left join estimates as company
        on company.level = 'total' and ladders.stages_covered = company.stages_covered
    left join estimates as own
        on own.level = 'source_system'
        and ladders.source_system = own.member
        and ladders.stages_covered = own.stages_covered
)

select * from final
