{# The calendar day of a naive UTC instant where the company lives; expects control.run under the name `run`. #}
{% macro local_date(instant) -%}
    cast({{ instant }} at time zone 'UTC' at time zone run.timezone as date)
{%- endmacro %}
