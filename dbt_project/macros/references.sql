{#
  CTE `referenced`: one row per system and reference to a product or rep, by id or, where a row has none, by name. Exports
  write one name in several ways: the most frequent wins, among equals the first alphabetically.
#}
{% macro referenced_by(objects, id, name) -%}
named as (
    {% for object in objects -%}
        select
            source_system,
            coalesce({{ id }}, 'name:' || {{ name }}) as reference,
            {{ id }} as code,
            {{ name }} as name
        from {{ ref('stg_' ~ object) }}
        where {{ id }} is not null or {{ name }} is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

counted_names as (
    select
        source_system,
        reference,
        any_value(code) as code,
        name,
        count(*) as row_count
    from named
    group by source_system, reference, name
),

referenced as (
    select * from counted_names
    qualify row_number() over (
        partition by source_system, reference
        order by name is null asc, row_count desc, name asc
    ) = 1
)
{%- endmacro %}

{# What each reference of a system means, with attributes of it; what is on the list refers to itself. `subject` is
   product or rep. #}
{% macro meant_by(subject, attributes) -%}
with names_in_use as (
    select
        source_system,
        {{ subject }}_source_id,
        source_key
    from {{ ref('int_' ~ subject ~ '_references') }}
    union
    select
        source_system,
        source_key as {{ subject }}_source_id,
        source_key
    from {{ ref('int_' ~ subject ~ '_records') }}
)

select
    names_in_use.source_system,
    names_in_use.{{ subject }}_source_id,
    meant.{{ subject }}_id,
    {% for attribute in attributes -%}
        meant.{{ attribute }},
    {% endfor -%}
from names_in_use
inner join {{ ref('int_' ~ subject ~ '_records') }} as records
    on names_in_use.source_system = records.source_system and names_in_use.source_key = records.source_key
inner join {{ ref('int_' ~ subject ~ 's') }} as meant on records.{{ subject }}_id = meant.{{ subject }}_id
{%- endmacro %}
