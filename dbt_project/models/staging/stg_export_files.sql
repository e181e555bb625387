-- One row per file observation that this run may see, with whether its export set is complete.
-- A file without a date belongs to the newest export that had landed with or before it: a run for that day may see it,
-- one for an earlier day may not, for it may be younger.
with placed_files as (
    select
        *,
        coalesce(
            exported_at,
            least(landed_at, max(exported_at) filter (where status <> 'rejected') over (order by landed_at))
        ) as visible_from
    from {{ source('control', 'files') }}
),

visible_files as (
    select files.*
    from placed_files as files
    cross join {{ source('control', 'run') }} as run
    where
        files.status in ('loaded', 'rejected')
        and files.visible_from < run.as_of_end_at
        and (run.known_at is null or files.landed_at <= run.known_at)
),

set_parts as (
    select
        set_id,
        part,
        bool_or(status = 'loaded') as is_loaded
    from visible_files
    group by all
),

export_sets as (
    select
        set_id,
        bool_and(is_loaded) as is_complete_set
    from set_parts
    group by all
)

select
    visible_files.file_id,
    visible_files.source_system,
    visible_files.object,
    visible_files.contract,
    visible_files.path,
    visible_files.part,
    visible_files.set_id,
    visible_files.status,
    visible_files.extract,
    visible_files.window_column,
    visible_files.window_from,
    visible_files.window_to,
    visible_files.exported_at,
    visible_files.landed_at,
    export_sets.is_complete_set,
    -- the ids that ingest gives rows of a contract with `key: none`: by export day, file, contract and record
    strftime(visible_files.exported_at, '%Y-%m-%d/') || visible_files.path
    || case when visible_files.contract <> visible_files.object then '/' || visible_files.contract else '' end
    || '#' as keyless_prefix
from visible_files
inner join export_sets on visible_files.set_id = export_sets.set_id
