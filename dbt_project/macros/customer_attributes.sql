{# The attributes of a customer: column of its records, the type it is served in, and when a value is valid (else always). #}
{% macro customer_attributes() -%}
    {{ return([
        {'name': 'customer_name', 'column': 'account_name', 'type': 'varchar'},
        {'name': 'tax_id', 'type': 'varchar', 'valid': 'is_tax_id_valid'},
        {'name': 'phone', 'type': 'varchar'},
        {'name': 'email', 'type': 'varchar'},
        {'name': 'website', 'type': 'varchar'},
        {'name': 'industry', 'type': 'varchar'},
        {'name': 'employees', 'type': 'bigint'},
        {'name': 'annual_revenue', 'type': 'decimal(18, 4)'},
        {'name': 'currency', 'type': 'varchar'},
        {'name': 'address', 'type': 'varchar'},
        {'name': 'city', 'type': 'varchar'},
        {'name': 'province', 'type': 'varchar'},
        {'name': 'postal_code', 'type': 'varchar'},
        {'name': 'country', 'column': 'country_code', 'type': 'varchar', 'valid': "country_code != 'unmapped'"},
        {'name': 'region', 'type': 'varchar'},
        {'name': 'owner_id', 'type': 'varchar'},
        {'name': 'owner_name', 'type': 'varchar'},
        {'name': 'account_type', 'type': 'varchar'},
        {'name': 'is_strategic', 'type': 'boolean'},
        {'name': 'created_on', 'type': 'date'},
        {'name': 'updated_at', 'type': 'timestamp'},
        {'name': 'last_activity_on', 'type': 'date'},
        {'name': 'birth_date', 'type': 'date'},
    ]) }}
{%- endmacro %}
