{# Objects whose rows name a customer by id or by name; tests/test_dbt_staging.py holds it in step with the objects. #}
{% macro facts_naming_accounts() -%}
    {{ return([
        'activities',
        'approvals',
        'contacts',
        'contracts',
        'invoice_lines',
        'invoices',
        'opportunities',
        'order_lines',
        'orders',
        'quotes',
        'receipts',
        'signatures',
        'surveys',
        'tickets',
    ]) }}
{%- endmacro %}
