{# Boundaries of the series' own period between two days: 1 from any day of January to February, for monthly series. #}
{% macro periods_between(freq, from_day, to_day) -%}
    case
        when {{ freq }} like 'W%' then date_diff('week', {{ from_day }}, {{ to_day }})
        when {{ freq }} like 'Q%' then date_diff('quarter', {{ from_day }}, {{ to_day }})
        when {{ freq }} like 'D%' then date_diff('day', {{ from_day }}, {{ to_day }})
        else date_diff('month', {{ from_day }}, {{ to_day }})
    end
{%- endmacro %}

{# How many periods make a year: the season that a forecast is measured against. #}
{% macro season_length(freq) -%}
    case
        when {{ freq }} like 'W%' then 52
        when {{ freq }} like 'Q%' then 4
        when {{ freq }} like 'D%' then 7
        else 12
    end
{%- endmacro %}

{# Last day of the period that begins on a day. #}
{% macro period_end(freq, period_start) -%}
    cast(
        case
            when {{ freq }} like 'W%' then {{ period_start }} + interval 7 day
            when {{ freq }} like 'Q%' then {{ period_start }} + interval 3 month
            when {{ freq }} like 'D%' then {{ period_start }} + interval 1 day
            else {{ period_start }} + interval 1 month
        end - interval 1 day as date
    )
{%- endmacro %}

{# Last day of a week, month, quarter or year that begins on a day; null for another word. #}
{% macro last_day_of(period, period_start) -%}
    cast(
        case {{ period }}
            when 'year' then {{ period_start }} + interval 1 year
            when 'quarter' then {{ period_start }} + interval 3 month
            when 'month' then {{ period_start }} + interval 1 month
            when 'week' then {{ period_start }} + interval 7 day
        end - interval 1 day as date
    )
{%- endmacro %}
