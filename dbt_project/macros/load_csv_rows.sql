{# A seed is read from the folder that dbt runs in: the adapter reads it by the absolute path of the last parse, which is
   another home's where a home was moved or copied. #}
{% macro duckdb__load_csv_rows(model, agate_table) %}
    {% set sql %}
        copy {{ this.render() }} from '{{ model.original_file_path }}'
        (format csv, header true, delimiter '{{ config.get('delimiter', ',') }}')
    {% endset %}
    {% do adapter.add_query(sql, abridge_sql_log=True) %}
    {{ return(sql) }}
{% endmacro %}
