{# An industry word without case, blanks, punctuation, "and", and the endings that Chinese words have or leave out. #}
{% macro industry_key(word) -%}
    regexp_replace(
        regexp_replace(lower(nfc_normalize({{ word }})), '\band\b|[^\p{L}\p{N}]', '', 'g'), '(.{2})(行业|产业|业)$', '\1'
    )
{%- endmacro %}

{# The text before the first separator: in "Automotive; Electronics" or 制造业/汽车 the first industry is the main one. #}
{% macro first_industry(word) -%}
    regexp_extract({{ word }}, '^(.*?)(?:[;,、，；/|>]| - )', 1)
{%- endmacro %}

{# One row per industry_key of the seed: its code. To be joined once on the whole word and once on the first. #}
{% macro industry_codes() -%}
    (
        select {{ industry_key('word') }} as industry_key, min(industry_code) as industry_code
        from {{ ref('industries') }}
        group by all
    )
{%- endmacro %}

{# Two joins that give `whole_industry.industry_code` and `first_industry.industry_code` of a column. #}
{% macro join_industry_codes(column) -%}
    left join {{ industry_codes() }} as whole_industry on {{ industry_key(column) }} = whole_industry.industry_key
    left join {{ industry_codes() }} as first_industry
        on {{ industry_key(first_industry(column)) }} = first_industry.industry_key
{%- endmacro %}
