{# The models that hold facts of KPIs. A run writes this file anew with every model of its project that is called
   int_kpi_*, the company's own included (pipelines/home/dbt.py): a KPI is added by a model and a row in kpis.csv. #}
{% macro kpi_families() -%}
    {{ return(['int_kpi_deals', 'int_kpi_leads', 'int_kpi_markets', 'int_kpi_people', 'int_kpi_sales', 'int_kpi_use']) }}
{%- endmacro %}
