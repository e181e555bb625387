{# A hash over every file of the project as a home runs it, policy included, and over its own models. A home's copy of
   this file has it (`pipelines/home/dbt.py`): here there is no home. #}
{% macro project_version() -%} {{ return('') }} {%- endmacro %}
