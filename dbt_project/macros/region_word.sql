{# Two spellings of one word: case and outer blanks aside. #}
{% macro same_word(left, right) -%}
    lower(trim({{ left }})) = lower({{ right }})
{%- endmacro %}

{# The region as reports call it; a word that the seed does not know stands for itself. #}
{% macro region_word(region, seed) -%}
    coalesce({{ seed }}.region, nullif(trim({{ region }}), ''))
{%- endmacro %}
