{# A number in a sentence: whole and in groups of three, or with one decimal below a hundred. #}
{% macro figure(number) -%}
    case when abs({{ number }}) >= 100 then format('{:,}', cast(round({{ number }}) as bigint))
    else cast(round({{ number }}, 1) as varchar) end
{%- endmacro %}
