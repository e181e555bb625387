{# What is compared before and after an event. Is a value of it a whole week, or one deal, answer or customer? #}
{% macro event_metrics() -%}
    select * from (values
        ('win_rate', false), ('sales_cycle', false), ('satisfaction', false), ('retention', false),
        ('judgement_error', false), ('bookings', true), ('revenue', true), ('revenue_per_head', true)
    ) as metrics (metric, is_weekly)
{%- endmacro %}
