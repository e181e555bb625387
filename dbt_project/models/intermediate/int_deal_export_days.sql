-- One row per source system and day on which it exported its deals.
with

run as (select * from {{ source('control', 'run') }}),

final as (
    select distinct
        files.source_system,
        {{ local_date('files.exported_at') }} as exported_on,
    from {{ ref('stg_export_files') }} as files
    cross join run
    where files.object = 'opportunities' and files.status = 'loaded'
)

select * from final
