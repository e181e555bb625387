-- One row per rejected file that stands: no later file of its system's object was loaded.
with

run as (select * from {{ source('control', 'run') }}),

export_files as (select * from {{ ref('stg_export_files') }}),

loaded_files as (
    select * from export_files
    where status = 'loaded'
),

newest_exports as (
    select
        source_system,
        contract,
        max(exported_at) as exported_at,
        max(landed_at) as landed_at,
    from loaded_files
    group by all
)

select
    rejected.file_id,
    rejected.source_system,
    rejected.contract,
    rejected.object,
    rejected.path,
    rejected.exported_at is not null as is_dated,
    {{ local_date('coalesce(rejected.exported_at, rejected.landed_at)') }} as happened_on,
from export_files as rejected
cross join run
left join newest_exports as newest
    on rejected.source_system = newest.source_system and rejected.contract = newest.contract
where
    rejected.status = 'rejected'
    -- Of one instant the rejected file is another part, or a correction that failed: ingest marks what was redelivered.
    and coalesce(rejected.exported_at >= newest.exported_at, rejected.landed_at >= newest.landed_at, true)
    -- A file that no contract claims has no later file of its object: only its path can be loaded after all.
    and (rejected.object <> '' or rejected.path not in (select path from loaded_files))
