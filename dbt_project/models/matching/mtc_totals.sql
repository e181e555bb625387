-- One row per compared field: how many records have a value, rounded; and one row for all records.
{% for field in match_fields() -%}
    select '{{ field.name }}' as field, {{ rounded_total('count(' ~ field.known ~ ')') }} as known_count
    from {{ ref('mtc_records') }}
    union all
{% endfor -%}
select 'record' as field, {{ rounded_total('count(*)') }} as known_count from {{ ref('mtc_records') }}
