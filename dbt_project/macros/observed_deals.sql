{#
  CTEs `export_days` and `observed`: the states of each deal and when they were observed, from its system's own history
  where that is exported, else from every dated export that contained it. Needs the CTEs `run` and `deals`, numbered.
#}
{% macro observed_deals() -%}
export_files as (
    select
        *,
        row_number() over (order by landed_at, file_id) as file_number,
    from {{ ref('stg_export_files') }}
    where object = 'opportunities' and status = 'loaded'
),

export_days as (
    select
        exports.source_system,
        exports.exported_at,
        {{ local_date('exports.exported_at') }} as exported_on,
        -- the export of the day before: of two on one day the second tells of no day that lies between them
        max({{ local_date('exports.exported_at') }}) over (
            partition by exports.source_system order by {{ local_date('exports.exported_at') }}
            range between unbounded preceding and interval 1 day preceding
        ) as previous_export_on,
    from (select distinct source_system, exported_at from export_files) as exports
    cross join run
),

recorded_changes as (
    select
        deals.deal_number,
        deals.opportunity_id,
        changes.changed_at as observed_at,
        {{ local_date('changes.changed_at') }} as observed_on,
        cast(null as date) as previous_export_on,
        {{ last_known('changes.stage', 'changes.changed_at, changes.source_id') }} as stage,
        cast(null as varchar) as status,
        cast(null as varchar) as void_stage_code,
        {{ last_known('changes.amount', 'changes.changed_at, changes.source_id') }} as amount,
        {{ last_known('changes.expected_close_on', 'changes.changed_at, changes.source_id') }} as expected_close_on,
        changes.changed_at as updated_at,
        'exported_history' as source,
        changes.source_id as tie_breaker,
        cast(null as date) as closed_on, -- a history repeats nothing
    from {{ ref('stg_opportunity_history') }} as changes
    cross join run
    inner join deals
        on changes.source_system = deals.source_system
        and changes.opportunity_id = deals.source_deal_id
    where changes.changed_at < run.as_of_end_at
),

exported_states as (
    select
        deals.deal_number,
        deals.opportunity_id,
        exported.exported_at as observed_at,
        export_days.exported_on as observed_on,
        export_days.previous_export_on,
        exported.stage,
        exported.status,
        -- A deleted record is exported in the stage it had; a record that was restored since is left as it was.
        case when exported.is_deleted and deals.stage_type = 'void' then deals.stage_code end as void_stage_code,
        exported.amount,
        exported.expected_close_on,
        exported.updated_at,
        'dated_exports' as source,
        '' as tie_breaker, -- there will be one row a deal and moment
        deals.closed_on,
        export_files.file_number,
        exported._record,
    from {{ source('raw', 'opportunities') }} as exported
    inner join export_files on exported._file_id = export_files.file_id
    inner join export_days
        on exported.source_system = export_days.source_system and exported.exported_at = export_days.exported_at
    inner join deals
        on exported.source_system = deals.source_system and exported.source_id = deals.source_id
    anti join recorded_changes on deals.opportunity_id = recorded_changes.opportunity_id
),

-- At most moments there is one file, with each deal once: only at the others has a row to be chosen, by sorting.
repeated_moments as (
    select observed_at
    from exported_states
    group by observed_at
    having count(*) > count(distinct deal_number)
),

dated_exports as (
    select * exclude (file_number, _record)
    from exported_states
    where observed_at not in (select observed_at from repeated_moments)
    union all
    select * exclude (file_number, _record)
    from exported_states
    where observed_at in (select observed_at from repeated_moments)
    qualify row_number() over (
        partition by deal_number, observed_at order by file_number desc, _record desc
    ) = 1
),

observed as (
    select * from recorded_changes
    union all
    select * from dated_exports
)
{%- endmacro %}
