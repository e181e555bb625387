{# A schema is named by its layer alone: `marts`, not `main_marts`, because BI users read these names. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
