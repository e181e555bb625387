{# The facts of all KPIs, whichever model holds them. #}
{% macro kpi_facts() -%}
    {% for family in kpi_families() -%}
        {{ 'union all' if not loop.first }}
        select kpi, happened_on, dimension, region, product_line, team, rep_id, numerator, denominator, n
        from {{ ref(family) }}
    {% endfor %}
{%- endmacro %}
