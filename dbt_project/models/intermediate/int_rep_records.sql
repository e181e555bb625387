-- One row per rep of one system, of which several may be the same person (same rep_id).
with systems as (
    select
        source_system,
        priority
    from {{ source('control', 'systems') }}
),

listed_reps as (
    select
        * exclude (rep_id),
        false as is_implied
    from {{ ref('int_listed_reps') }}
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
        -- who has left and shares the name of a rep on the list is another person, or the same under an old id
        case
            when
                coalesce(known_records.is_listed, true)
                or not bool_or(coalesce(known_records.is_listed, true)) over (
                    partition by known_records.source_system, {{ name_key('known_records.rep_name') }}
                )
                then {{ name_key('known_records.rep_name') }}
        end as name_key,
        coalesce(systems.priority, 1000) as priority
    from known_records
    left join systems on known_records.source_system = systems.source_system
),

{{ merge_by_name('rep_records') }}

select
    merged_id as rep_id,
    * exclude (merged_id, name_key)
from merged_records
