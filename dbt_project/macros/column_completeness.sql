{# One row per source system and column of a relation: how many rows there are and in how many it is filled.
   Lineage columns are left out: they are filled by construction. #}
{% macro column_completeness(relation, object) %}
    select
        source_system,
        '{{ object }}' as object,
        column_name,
        row_count,
        filled_count,
    from (
        unpivot (
            select
                source_system,
                count(*) as row_count,
                count(columns(* exclude (source_system, source_id, exported_at, _file_id, _record))),
            from {{ relation }}
            group by source_system
        )
        on columns(* exclude (source_system, row_count))
        into name column_name value filled_count
    )
{% endmacro %}
