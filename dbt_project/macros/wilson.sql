{# One end of the Wilson score interval of a share at 95 %: honest for small n and for shares near 0 or 1, where the
   textbook interval leaves [0, 1]. E. B. Wilson, JASA 22 (1927), 209-212. NULL where n is 0. side is -1 or 1. #}
{% macro wilson(successes, n, side) -%}
    case when {{ n }} > 0 then
        round(greatest(0.0, least(1.0,
            (
                {{ successes }} / cast({{ n }} as double) + 1.9208 / {{ n }}
                + {{ side }} * 1.96 * sqrt(
                    {{ successes }} / cast({{ n }} as double) * (1 - {{ successes }} / cast({{ n }} as double)) / {{ n }}
                    + 0.9604 / (cast({{ n }} as double) * {{ n }})
                )
            ) / (1 + 3.8416 / {{ n }})
        )), 6)
    end
{%- endmacro %}
