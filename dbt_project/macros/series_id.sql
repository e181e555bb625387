{# A forecast series is named metric|level|member|freq. Expressions for one part of the name, and for all four. #}
{% macro series_part(part, unique_id='unique_id') -%}
    split_part({{ unique_id }}, '|', {{ ['metric', 'level', 'member', 'freq'].index(part) + 1 }})
{%- endmacro %}

{% macro series_parts(unique_id='unique_id') -%}
    {% for part in ['metric', 'level', 'member', 'freq'] -%}
    {{ series_part(part, unique_id) }} as {{ part }},
    {% endfor -%}
{%- endmacro %}
