{# The threshold of one rule of a seed with columns rule and threshold; empty where the seed does not have the rule. The
   seeds are keyed by rule: max only makes one value of one row. #}
{% macro rule(name, type=none) -%}
    {%- set threshold = "max(threshold) filter (where rule = '" ~ name ~ "')" -%}
    {{ 'cast(' ~ threshold ~ ' as ' ~ type ~ ')' if type else threshold }}
{%- endmacro %}
