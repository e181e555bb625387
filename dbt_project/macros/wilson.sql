{# One end of the Wilson score interval of a share at 95 %: accurate for small n and for shares near 0 or 1, where the
   textbook interval leaves [0, 1]. E. B. Wilson, JASA 22 (1927), 209-212. NULL where n is 0. side is -1 or 1. #}
{% macro wilson(successes, n, side) -%}
    {%- set z = 1.959964 -%}
    {%- set share = '(' ~ successes ~ ' / cast(' ~ n ~ ' as double))' -%}
    case when {{ n }} > 0 then
        round(greatest(0, least(1,
            (
                {{ share }} + {{ z * z / 2 }} / {{ n }}
                + {{ side }} * {{ z }} * sqrt({{ share }} * (1 - {{ share }}) / {{ n }} + {{ z * z / 4 }} / {{ n }} / {{ n }})
            ) / (1 + {{ z * z }} / {{ n }})
        )), 6)
    end
{%- endmacro %}
