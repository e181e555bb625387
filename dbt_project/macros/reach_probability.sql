{#- The probability that what is still to come reaches `needed`, given its median and its 80 % interval.

    A normal distribution on each side of the median, with the spread that its bound says (the 90 % quantile is 1.2816
    standard deviations away). The distribution function is approximated to 2e-4 (Page, Applied Statistics 26, 1977).
    Null without an interval. Bounds of several months are added, as if their errors had one direction. #}
{% macro reach_probability(needed, median, low_80, high_80) -%}
case
    when {{ needed }} <= 0 then 1.0
    {#- least() and greatest() leave nulls out: what nobody knows would be a chance of nought #}
    when {{ low_80 }} is null or {{ high_80 }} is null then null
    {#- nothing more to come, or nothing that may differ #}
    when {{ standard_distance(needed, median, low_80, high_80) }} is null then cast({{ needed }} <= {{ median }} as double)
    else 1 / (1 + exp(greatest(-500, least(500, {{ page_exponent(standard_distance(needed, median, low_80, high_80)) }}))))
end
{%- endmacro %}

{% macro standard_distance(needed, median, low_80, high_80) -%}
(1.2816 * ({{ needed }} - {{ median }}) / nullif(
    case when {{ needed }} > {{ median }} then {{ high_80 }} - {{ median }} else {{ median }} - {{ low_80 }} end, 0
))
{%- endmacro %}

{% macro page_exponent(distance) -%}
(1.5976 * {{ distance }} + 0.07056 * power({{ distance }}, 3))
{%- endmacro %}
