{# Whether all rows of a group have the same value of a column, or none of them has one. #}
{% macro is_one_value(column) -%}
    (count({{ column }}) = 0 or (count({{ column }}) = count(*) and min({{ column }}) = max({{ column }})))
{%- endmacro %}
