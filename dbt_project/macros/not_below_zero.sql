{# What is above zero of an expression; unknown where the expression is. greatest() leaves nulls out: of a difference that
   nobody knows it would make a certain 0. #}
{% macro not_below_zero(expression) -%}
    case when {{ expression }} < 0 then 0 else {{ expression }} end
{%- endmacro %}
