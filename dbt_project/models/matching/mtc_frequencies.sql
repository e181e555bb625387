-- One row per field and value that other customers share: how many of them do. Values of one customer have no row.
-- Read from {{ ref('mtc_keyed_records') }} and {{ ref('mtc_systems') }}, field by field.
{% for field in counted_keys() + ['legal_name', 'word', 'contact'] -%}
    {{ shared_values(field) }}
    {{ 'union all' if not loop.last }}
{% endfor -%}
