-- One row per rep reference of one system, by id or by name, with the id it means in that system.
{%- set objects = ['accounts', 'activities', 'invoice_lines', 'invoices', 'leads', 'opportunities', 'order_lines', 'orders',
                   'quotes'] %}
with

{{ referenced_by(objects, 'owner_id', 'owner_name') }},

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
    referenced.reference as rep_source_id,
    referenced.name as rep_name,
    coalesce(known_ids.source_key, known_names.source_key, referenced.reference) as source_key,
    known_ids.source_key is null and known_names.source_key is null as is_implied
from referenced
left join known_ids
    on referenced.source_system = known_ids.source_system
    and referenced.reference = known_ids.source_key
left join known_names
    on referenced.source_system = known_names.source_system
    and {{ name_key('referenced.name') }} = known_names.name_key
