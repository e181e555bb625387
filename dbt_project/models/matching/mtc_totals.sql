-- One row per compared field: how many records know it, rounded.
{% for field in match_fields() -%}
    select '{{ field.name }}' as field, {{ rounded_total('count(' ~ field.known ~ ')') }} as known_count
    from {{ ref('mtc_records') }}
    {{ 'union all' if not loop.last }}
{% endfor -%}
