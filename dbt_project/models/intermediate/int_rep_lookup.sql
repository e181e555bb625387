-- One row per rep reference of one system: the rep it means.
with names_in_use as (
    select
        source_system,
        rep_source_id,
        source_key
    from {{ ref('int_rep_references') }}
    union
    select
        source_system,
        source_key as rep_source_id,
        source_key
    from {{ ref('int_rep_records') }}
)

select
    names_in_use.source_system,
    names_in_use.rep_source_id,
    reps.rep_id,
    reps.rep_name,
    reps.team,
    reps.region
from names_in_use
inner join {{ ref('int_rep_records') }} as records
    on names_in_use.source_system = records.source_system and names_in_use.source_key = records.source_key
inner join {{ ref('int_reps') }} as reps on records.rep_id = reps.rep_id
