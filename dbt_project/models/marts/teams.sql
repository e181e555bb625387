-- One row per team and span of days: who led it, and its reps and open deals now; one that active reps name, though no
-- list has it now, is a row as well.
with

run as (select * from {{ source('control', 'run') }}),

listed as (
    select
        teams.source_system || '|' || teams.team_id as team_id,
        trim(teams.team_name) as team,
        nullif(trim(teams.parent_team), '') as parent_team,
        teams.manager_name,
        {{ region_word('teams.region', 'regions') }} as region,
        teams.valid_from,
        teams.valid_to,
        coalesce(teams.valid_from <= run.as_of, true) and coalesce(teams.valid_to >= run.as_of, teams.is_active, true)
            as is_current,
    from {{ ref('stg_teams') }} as teams
    cross join run
    left join {{ ref('regions') }} as regions on {{ same_word('teams.region', 'regions.word') }}
),

reps as (
    select team, count(*) filter (where is_active) as active_rep_count, any_value(region) as region,
    from {{ ref('reps') }}
    where team != 'unmapped'
    group by team
),

deals as (
    select team, count(*) as open_count, sum(amount_base) as open_amount_base,
    from {{ ref('opportunities') }}
    where is_open
    group by team
),

current_teams as (
    select team
    from listed
    where is_current
),

spans as (
    select *, true as is_listed, from listed
    union all by name
    select reps.team, reps.region, true as is_current, false as is_listed,
    from reps
    anti join current_teams on reps.team = current_teams.team
    where reps.active_rep_count > 0
),

final as (
    select
        -- A list without days and a team that no list has leave parts empty; a key may not be.
        coalesce(spans.team_id, spans.team) || '|' || coalesce(cast(spans.valid_from as varchar), '') as team_span_id,
        spans.team_id,
        spans.team,
        spans.parent_team,
        spans.manager_name,
        coalesce(spans.region, 'unmapped') as region,
        spans.valid_from,
        spans.valid_to,
        spans.is_current,
        spans.is_listed,
        if(spans.is_current, coalesce(reps.active_rep_count, 0), null) as active_rep_count,
        if(spans.is_current, coalesce(deals.open_count, 0), null) as open_count,
        cast(if(spans.is_current, coalesce(deals.open_amount_base, 0), null) as decimal(18, 4)) as open_amount_base,
    from spans
    left join reps using (team)
    left join deals using (team)
)

select * from final
