{# The key, or null where the seed placeholders says that people type it for want of a value. #}
{% macro unless_placeholder(expression, key) -%}
    case when not coalesce({{ is_placeholder(expression, key) }}, false) then {{ expression }} end
{%- endmacro %}

{% macro is_placeholder(expression, key) -%}
    (cast({{ expression }} as varchar) in (select value from {{ ref('placeholders') }} where key = '{{ key }}')
    {%- if key == 'email' %}
        or split_part({{ expression }}, '@', 1) || '@' in (select value from {{ ref('placeholders') }} where key = 'email')
    {%- endif %})
{%- endmacro %}

{# One table of the schema keys without placeholders. #}
{% macro real_keys(table) -%}
    {%- set keys = {
        'tax_ids': {'tax_id_key': 'tax_id'},
        'phones': {'phone_key': 'phone'},
        'emails': {'email_key': 'email', 'domain_key': 'domain'},
        'websites': {'domain_key': 'domain'},
    }[table] -%}
    (
        select * replace (
            {% for column, key in keys.items() -%}
                {{ unless_placeholder(column, key) }} as {{ column }}{{ ',' if not loop.last }}
            {% endfor -%}
        )
        from {{ source('keys', table) }}
    )
{%- endmacro %}
