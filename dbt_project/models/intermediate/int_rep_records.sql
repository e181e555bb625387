-- One row per rep of one system, of which several may be the same person (same rep_id).
with systems as (
    select
        source_system,
        priority
    from {{ source('control', 'systems') }}
),

listed_reps as (
    select
        source_system,
        coalesce(rep_id, source_id) as source_key,
        * exclude (source_system, rep_id),
        false as is_implied
    from {{ ref('stg_reps') }}
    -- a team change may be kept as a second row of one rep: the last row of the newest export wins
    qualify row_number() over (
        partition by source_system, source_key
        order by left_on desc nulls first, hired_on desc nulls last, exported_at desc, source_id asc
    ) = 1
),

known_records as (
    select * from listed_reps
    union all by name
    select
        source_system,
        source_key,
        max(rep_name) as rep_name,
        true as is_implied
    from {{ ref('int_rep_references') }}
    where is_implied
    group by source_system, source_key
),

rep_records as (
    select
        known_records.*,
        {{ name_key('known_records.rep_name') }} as name_key,
        coalesce(systems.priority, 1000) as priority
    from known_records
    left join systems on known_records.source_system = systems.source_system
),

{{ merge_by_name('rep_records') }}

select
    merged_id as rep_id,
    * exclude (merged_id, name_key)
from merged_records
