-- One row per entrance into an open stage that requires something: what was met and what was missing on that day.
with

entrances as (
    select entrances.*
    from {{ ref('int_stage_entrances') }} as entrances
    where entrances.stage_type = 'open'
),

rules as (
    select * from {{ ref('stage_rules') }}
    where requires_budget or requires_decision_process or requires_decision_maker
),

seen as (select * from {{ ref('int_requirements_seen') }}),

-- A system whose lists have none of the flags says nothing of any deal.
telling_systems as (
    select distinct entrances.source_system
    from entrances
    semi join seen on entrances.opportunity_id = seen.opportunity_id
),

-- The first role that decides, with its day.
deciders as (
    select
        opportunity_id,
        min(deciding_from) as deciding_from,
    from {{ ref('int_deal_contacts') }}
    group by opportunity_id
),

known as (
    select
        entrances.opportunity_id,
        entrances.stage_number,
        telling_systems.source_system is not null as is_told,
        rules.requires_budget,
        rules.requires_decision_process,
        rules.requires_decision_maker,
        {{ known_at_entry('has_budget') }} as has_budget,
        {{ known_at_entry('has_decision_process') }} as has_decision_process,
        case
            when deciders.deciding_from <= entrances.earliest_on then true
            else {{ known_at_entry('has_decision_maker') }}
        end as has_decision_maker,
    from entrances
    inner join rules on entrances.stage_code = rules.stage_code
    asof left join seen as befores
        on entrances.opportunity_id = befores.opportunity_id and entrances.earliest_on > befores.seen_on
    asof left join seen as afters
        on entrances.opportunity_id = afters.opportunity_id and entrances.latest_on <= afters.seen_on
    left join telling_systems on entrances.source_system = telling_systems.source_system
    left join deciders on entrances.opportunity_id = deciders.opportunity_id
),

final as (
    select
        opportunity_id,
        stage_number,
        {{ missing_requirements('known', 'known') }} as missing,
        case
            when missing is not null then 'unprepared'
            when not is_told then 'not_told'
            when
                (has_budget or not requires_budget)
                and (has_decision_process or not requires_decision_process)
                and (has_decision_maker or not requires_decision_maker)
                then 'prepared'
            else 'unknown'
        end as preparation_code,
    from known
)

select * from final
