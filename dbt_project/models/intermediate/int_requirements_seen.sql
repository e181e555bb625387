-- One row per deal and export that says whether a requirement of a stage is met.
with

run as (select * from {{ source('control', 'run') }}),

export_files as (
    select * from {{ ref('stg_export_files') }}
    where object = 'opportunities' and status = 'loaded'
),

exports as (
    select
        source_system,
        exported_on,
        lag(exported_on) over (partition by source_system order by exported_on) as previous_export_on,
    from {{ ref('int_deal_export_days') }}
),

deals as (select * from {{ ref('int_opportunities') }}),

final as (
    select
        deals.opportunity_id,
        {{ local_date('exported.exported_at') }} as seen_on,
        -- A deal that the export before did not know is new: nothing was known of it by then.
        coalesce(exports.previous_export_on < deals.created_on, false) as is_new,
        exported.has_budget,
        exported.has_decision_process,
        exported.has_decision_maker,
    from {{ source('raw', 'opportunities') }} as exported
    cross join run
    inner join export_files on exported._file_id = export_files.file_id
    inner join exports
        on exported.source_system = exports.source_system
        and {{ local_date('exported.exported_at') }} = exports.exported_on
    inner join deals on exported.source_system = deals.source_system and exported.source_id = deals.source_id
    where coalesce(exported.has_budget, exported.has_decision_process, exported.has_decision_maker) is not null
    qualify row_number() over (
        partition by deals.opportunity_id, seen_on
        order by exported.exported_at desc, export_files.landed_at desc, export_files.file_id desc, exported._record desc
    ) = 1
)

select * from final
