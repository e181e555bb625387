{# How every model of facts of KPIs ends: the same columns and types, and nothing later than as_of. `absent` are columns
   that its facts do not have. #}
{% macro kpi_fact_columns(absent=[]) -%}
    select
        kpi,
        happened_on,
        {% for column in ['dimension', 'region', 'product_line', 'team', 'rep_id'] -%}
            cast({{ 'null' if column in absent else column }} as varchar) as {{ column }},
        {% endfor -%}
        cast(numerator as double) as numerator,
        cast(denominator as double) as denominator,
        cast(n as bigint) as n,
    from final
    cross join run
    where happened_on <= run.as_of
{%- endmacro %}
