{# Whether two words are equal, ignoring case and outer blanks. #}
{% macro same_word(left, right) -%}
    lower(trim({{ left }})) = lower({{ right }})
{%- endmacro %}

{# The region as reports name it; a word that is not in the seed is kept as it is. #}
{% macro region_word(region, seed) -%}
    coalesce({{ seed }}.region, nullif(trim({{ region }}), ''))
{%- endmacro %}
