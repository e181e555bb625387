{#
  The source rows of a served table: every current record of staging that `records` names with its served key.
  Records without an export row (a product that only sales lines name) have no row here.
#}
{% macro lineage_of(served_table, object, key, records) -%}
    select
        '{{ served_table }}' as served_table,
        records.{{ key }} as served_key,
        '{{ object | replace("account_records", "accounts") }}' as object,
        records.source_system,
        records.source_id,
        sources._file_id as file_id,
        sources._record as record,
        sources.exported_at
    from {{ records }} as records
    inner join {{ ref('stg_' ~ object) }} as sources
        on records.source_system = sources.source_system and records.source_id = sources.source_id
    where records.{{ key }} is not null
{%- endmacro %}
