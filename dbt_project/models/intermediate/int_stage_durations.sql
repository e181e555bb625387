-- One row per team or rep and open stage: finished stays of the last months in exported histories, and those over target.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select {{ rule('comparison_months') }} as months from {{ ref('process_rules') }}
),

-- Between two exports long stays are seen more often than short ones: only histories count.
stays as (
    select stays.*
    from {{ ref('stage_history') }} as stays
    cross join run
    cross join rules
    where
        stays.source = 'exported_history'
        and stays.stage_type = 'open'
        and not stays.is_current
        and stays.days_in_stage is not null
        and stays.left_latest_on > run.as_of - to_months(cast(rules.months as integer))
),

final as (
    select
        members.level,
        members.member,
        stays.stage_code,
        count(*) as stay_count,
        avg(stays.days_in_stage) as mean_days,
        any_value(stays.target_days) as target_days,
        count(*) filter (where stays.is_over_target) as over_target_count,
    from stays
    inner join {{ ref('int_opportunity_members') }} as members using (opportunity_id)
    inner join {{ ref('int_opportunities') }} as deals using (opportunity_id)
    inner join {{ ref('int_stage_ladders') }} as ladders
        on deals.source_system = ladders.source_system
        and stays.stage_code = ladders.stage_code
        and ladders.stages_covered = ladders.stage_code
    where members.level in ('team', 'rep')
    group by all
)

select * from final
