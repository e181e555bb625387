{# The attributes of a customer: column of its records, and the type it is served in. #}
{% macro customer_attributes() -%}
    {{ return([
        {'name': 'customer_name', 'column': 'account_name', 'type': 'varchar'},
        {'name': 'tax_id', 'type': 'varchar'},
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
        {'name': 'country', 'type': 'varchar'},
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

{# One criterion of the seed survivorship as a number or text to sort by, the smallest first. #}
{% macro survivorship_key(criterion) -%}
    case {{ criterion }}
        when 'not_implied' then if(is_implied, '1', '0')
        when 'valid' then if(is_tax_id_valid, '0', '1')
        when 'registered' then if(has_legal_form, '0', '1')
        when 'agreement' then lpad(cast(99999 - agreeing_count as varchar), 5, '0')
        when 'priority' then lpad(cast(coalesce(priority, 999999) as varchar), 9, '0')
        when 'recency' then lpad(cast(99999999999999 - epoch_ms(exported_at) as varchar), 14, '0')
        when 'completeness' then lpad(cast(999 - filled_count as varchar), 3, '0')
        when 'length' then lpad(cast(99999 - length(value) as varchar), 5, '0')
        when 'earliest' then value
        else ''
    end
{%- endmacro %}
