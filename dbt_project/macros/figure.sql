{# A number in a sentence: whole and in groups of three, or with one decimal below a hundred where it has one. #}
{% macro figure(number) -%}
    case when abs({{ number }}) >= 100 then format('{:,}', cast(round({{ number }}) as bigint))
    else regexp_replace(cast(round({{ number }}, 1) as varchar), '\.0+$', '') end
{%- endmacro %}

{# A code of several words in a sentence: new_customers is new customers. #}
{% macro in_words(code) -%}
    replace({{ code }}, '_', ' ')
{%- endmacro %}

{# What a sentence is about: revenue of East China, or total revenue where there is no member. #}
{% macro series_in_words(metric, member) -%}
    coalesce({{ in_words(metric) }} || ' of ' || nullif({{ member }}, ''), 'total ' || {{ in_words(metric) }})
{%- endmacro %}
