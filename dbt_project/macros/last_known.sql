{# The value of a recorded change, or that of the last change before it that had one: systems record only what changed. #}
{% macro last_known(column, order_by) -%}
    last_value({{ column }} ignore nulls) over (
        partition by deals.opportunity_id
        order by {{ order_by }}
        rows between unbounded preceding and current row
    )
{%- endmacro %}
