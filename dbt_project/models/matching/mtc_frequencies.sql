-- Term frequencies: one row per field and value that several customers share. Values of one customer have no row.
-- Read from {{ ref('mtc_keyed_records') }} and {{ ref('mtc_systems') }}, field by field.
{% for field in counted_keys() + ['legal_name', 'word', 'contact'] -%}
    {{ shared_values(field) }}
    {{ 'union all' if not loop.last }}
{% endfor -%}
