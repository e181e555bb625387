-- One row per rep of one system that any list ever had: as the newest list has it, or as the last list that had it.
-- A rep who vanishes from a list has left. What was sold before was sold by that rep, in that team, under that name.
with last_listed as (
    select
        records.* exclude (_extra, landed_at, _row_hash),
        row_number() over (
            partition by records.source_system, records.source_id
            order by records.exported_at desc, files.landed_at desc, records._record desc
        ) as age_rank
    from {{ source('raw', 'reps') }} as records
    inner join {{ ref('stg_export_files') }} as files on records._file_id = files.file_id
    where
        files.status = 'loaded'
        -- rows without a key are those of one export: none of them lives on in another
        and not starts_with(records.source_id, files.keyless_prefix)
),

former_reps as (
    select
        former.* exclude (age_rank, is_active),
        false as is_active,
        false as is_listed
    from last_listed as former
    left join {{ ref('stg_reps') }} as listed
        on former.source_system = listed.source_system and former.source_id = listed.source_id
    where former.age_rank = 1 and listed.source_id is null
),

all_reps as (
    select *, true as is_listed from {{ ref('stg_reps') }}
    union all by name
    select * from former_reps
)

select
    coalesce(rep_id, source_id) as source_key,
    *
from all_reps
-- a team change may be kept as a second row of one rep: the last row of the newest export wins
qualify row_number() over (
    partition by source_system, source_key
    order by is_listed desc, left_on desc nulls first, hired_on desc nulls last, exported_at desc, source_id asc
) = 1
