{# The numerator or denominator of a KPI over the months of a period by its rule in the catalogue, and that of an average
   period of the same length in the year before: months are added up, or their mean, or the first of them counts. #}
{% macro kpi_over_time(part, month_count) -%}
    case any_value(kpis.{{ part }}_over_time)
            when 'sum' then sum({{ part }})
            when 'mean' then avg({{ part }})
            when 'first' then min_by({{ part }}, month_start)
        end as {{ part }},
        min_by({{ part }}_before, month_start)
        * if(any_value(kpis.{{ part }}_over_time) = 'sum', any_value({{ month_count }}), 1) as {{ part }}_before
{%- endmacro %}
