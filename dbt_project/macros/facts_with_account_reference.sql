{# Objects whose rows refer to an account by id or by name; tests/test_dbt_staging.py compares it with the objects. #}
{% macro facts_with_account_reference() -%}
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
