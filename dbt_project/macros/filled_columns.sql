{# How many of the columns are filled: the completeness of one row. #}
{% macro filled_columns(columns, relation) -%}
    (
        {%- for column in columns %}
        cast({{ relation }}.{{ column }} is not null as integer){{ ' +' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
