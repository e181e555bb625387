-- One row per rep reference of one system, by id or by name, with the id it means in that system.
with named_reps as (
    {% for object in ['accounts', 'activities', 'invoice_lines', 'invoices', 'leads', 'opportunities', 'order_lines',
                      'orders', 'quotes'] -%}
        select
            source_system,
            coalesce(owner_id, 'name:' || owner_name) as rep_source_id,
            owner_name as rep_name
        from {{ ref('stg_' ~ object) }}
        where owner_id is not null or owner_name is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

counted_names as (
    select
        source_system,
        rep_source_id,
        rep_name,
        count(*) as row_count
    from named_reps
    group by all
),

referenced_reps as (
    select * from counted_names
    qualify row_number() over (
        partition by source_system, rep_source_id
        order by rep_name is null asc, row_count desc, rep_name asc
    ) = 1
),

known_ids as (
    select
        source_system,
        source_key
    from {{ ref('int_listed_reps') }}
),

known_names as (
    select
        source_system,
        {{ name_key('rep_name') }} as name_key,
        -- a name means the rep on the list; one who has left only where nobody there is called so
        coalesce(min(source_key) filter (where is_listed), min(source_key)) as source_key
    from {{ ref('int_listed_reps') }}
    group by all
    having count(*) filter (where is_listed) = 1 or (not bool_or(is_listed) and count(*) = 1)
)

select
    referenced.source_system,
    referenced.rep_source_id,
    referenced.rep_name,
    coalesce(known_ids.source_key, known_names.source_key, referenced.rep_source_id) as source_key,
    known_ids.source_key is null and known_names.source_key is null as is_implied
from referenced_reps as referenced
left join known_ids
    on referenced.source_system = known_ids.source_system
    and referenced.rep_source_id = known_ids.source_key
left join known_names
    on referenced.source_system = known_names.source_system
    and {{ name_key('referenced.rep_name') }} = known_names.name_key
