-- One row per deal and instant at which its state is known: from its system's own history where that is exported,
-- otherwise from every dated export that carried it; the current state comes last.
with

run as (select * from {{ source('control', 'run') }}),

deals as (select * from {{ ref('int_opportunities') }}),

outcomes as (select * from {{ ref('int_stage_outcomes') }}),

export_files as (
    select * from {{ ref('stg_export_files') }}
    where object = 'opportunities' and status = 'loaded'
),

export_days as (
    select
        exports.source_system,
        exports.exported_at,
        {{ local_date('exports.exported_at') }} as exported_on,
        lag({{ local_date('exports.exported_at') }}) over (
            partition by exports.source_system order by exports.exported_at
        ) as previous_export_on,
    from (select distinct source_system, exported_at from export_files) as exports
    cross join run
),

recorded_changes as (
    select
        deals.opportunity_id,
        changes.changed_at as observed_at,
        {{ local_date('changes.changed_at') }} as observed_on,
        cast(null as date) as previous_export_on,
        {{ last_known('changes.stage', 'changes.changed_at, changes.source_id') }} as stage,
        cast(null as varchar) as status,
        {{ last_known('changes.amount', 'changes.changed_at, changes.source_id') }} as amount,
        {{ last_known('changes.expected_close_on', 'changes.changed_at, changes.source_id') }} as expected_close_on,
        changes.changed_at as updated_at,
        'exported_history' as source,
        changes.source_id as tie_breaker,
    from {{ ref('stg_opportunity_history') }} as changes
    cross join run
    inner join deals
        on changes.source_system = deals.source_system
        and changes.opportunity_id = deals.source_deal_id
    where changes.changed_at < run.as_of_end_at
),

dated_exports as (
    select
        deals.opportunity_id,
        exported.exported_at as observed_at,
        export_days.exported_on as observed_on,
        export_days.previous_export_on,
        exported.stage,
        exported.status,
        exported.amount,
        exported.expected_close_on,
        exported.updated_at,
        'dated_exports' as source,
        export_files.file_id as tie_breaker,
    from {{ source('raw', 'opportunities') }} as exported
    inner join export_files on exported._file_id = export_files.file_id
    inner join export_days
        on exported.source_system = export_days.source_system and exported.exported_at = export_days.exported_at
    inner join deals
        on exported.source_system = deals.source_system and exported.source_id = deals.source_id
    anti join recorded_changes on deals.opportunity_id = recorded_changes.opportunity_id
    qualify row_number() over (
        partition by deals.opportunity_id, exported.exported_at
        order by export_files.landed_at desc, export_files.file_id desc, exported._record desc
    ) = 1
),

observed as (
    select * from recorded_changes
    union all
    select * from dated_exports
),

past_states as (
    select
        observed.* exclude (stage, status),
        outcomes.stage_code,
        false as is_final,
    from observed
    left join outcomes
        on observed.stage = outcomes.source_stage_code
        and observed.status is not distinct from outcomes.source_status
    where outcomes.stage_code is not null
),

current_states as (
    select
        deals.opportunity_id,
        deals.exported_at as observed_at,
        {{ local_date('deals.exported_at') }} as observed_on,
        export_days.previous_export_on,
        deals.amount,
        deals.expected_close_on,
        deals.updated_at,
        coalesce(sources.source, 'dated_exports') as source,
        '' as tie_breaker,
        deals.stage_code,
        true as is_final,
    from deals
    cross join run
    left join export_days using (source_system, exported_at)
    left join (select distinct opportunity_id, source from observed) as sources using (opportunity_id)
),

known_states as (
    select * from past_states
    union all by name
    select * from current_states
),

ordered_states as (
    select
        * exclude (tie_breaker),
        row_number() over (
            partition by opportunity_id order by is_final, observed_at, tie_breaker
        ) as observation_number,
    from known_states
),

compared_states as (
    select
        *,
        lag(stage_code) over (partition by opportunity_id order by observation_number) as previous_stage_code,
    from ordered_states
),

-- A -> B -> A is three stays: numbering the changes, not the stages, keeps them apart.
final as (
    select
        * exclude (previous_stage_code),
        count(*) filter (where stage_code is distinct from previous_stage_code) over (
            partition by opportunity_id order by observation_number
        ) as stage_number,
    from compared_states
)

select * from final
