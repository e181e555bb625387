-- One row per sales rep; reps that only deals and orders name are included.
select
    rep_id,
    rep_name,
    manager_name,
    coalesce(team, 'unmapped') as team,
    coalesce(region, 'unmapped') as region,
    role,
    hired_on,
    left_on,
    is_active,
    is_implied,
    is_listed,
    source_system,
    record_count,
    system_count
from {{ ref('int_reps') }}
