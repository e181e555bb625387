{#- Whether the facts of a KPI cover a whole period: they do not begin in it, and no export of it is still to come.

    coverage: a row of int_covered_kpis; periods: period_start and period_end. Null without facts. -#}
{% macro covers(coverage, periods, as_of) -%}
({{ periods }}.period_start >= {{ coverage }}.covered_from
    and {{ periods }}.period_end <= coalesce({{ coverage }}.covered_to, {{ as_of }}))
{%- endmacro %}
