{# What a row of a plan states, in base currency by the CTE `rates`: a row without a currency is a count, or money in base
   currency, and stands as it is. #}
{% macro plan_amount(row) -%}
    if({{ row }}.currency is null, {{ row }}.amount, {{ multiply_money(row ~ '.amount', 'rates.rate') }})
{%- endmacro %}
