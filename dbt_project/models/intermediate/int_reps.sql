-- One row per rep: each attribute from the first system, by priority, that has a value.
with ranked_records as (
    select
        *,
        row_number() over (
            partition by rep_id
            order by is_implied asc, is_listed desc nulls last, priority asc, source_system asc, source_key asc
        ) as rank
    from {{ ref('int_rep_records') }}
),

reps as (
    select
        rep_id,
        coalesce(arg_min(rep_name, rank) filter (where rep_name is not null), arg_min(source_key, rank)) as rep_name,
        arg_min(manager_name, rank) filter (where manager_name is not null) as manager_name,
        arg_min(team, rank) filter (where team is not null) as team,
        arg_min(region, rank) filter (where region is not null) as region,
        arg_min(role, rank) filter (where role is not null) as role,
        arg_min(hired_on, rank) filter (where hired_on is not null) as hired_on,
        arg_min(left_on, rank) filter (where left_on is not null) as left_on,
        arg_min(is_active, rank) filter (where is_active is not null) as is_marked_active,
        bool_and(is_implied) as is_implied,
        coalesce(bool_or(is_listed), false) as is_listed,
        arg_min(source_system, rank) as source_system,
        count(*) as record_count,
        count(distinct source_system) as system_count
    from ranked_records
    group by rep_id
)

select
    reps.* exclude (region, is_marked_active),
    {{ region_word('reps.region', 'regions') }} as region,
    coalesce(reps.left_on > run.as_of, reps.is_marked_active, true) as is_active
from reps
cross join {{ source('control', 'run') }} as run
left join {{ ref('regions') }} as regions on {{ same_word('reps.region', 'regions.word') }}
