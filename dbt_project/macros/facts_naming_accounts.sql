{# Objects whose rows name a customer by id or by name; tests/test_dbt_staging.py holds it in step with the objects. #}
{% macro facts_naming_accounts() -%}
    {{ return([
        'activities',
        'contacts',
        'contracts',
        'invoice_lines',
        'invoices',
        'opportunities',
        'order_lines',
        'orders',
        'receipts',
        'tickets',
    ]) }}
{%- endmacro %}
