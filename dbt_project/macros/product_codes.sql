{#- Products by the code that bills of material, stock and orders call them by; a code of two products names neither. -#}
{% macro product_codes() -%}
    select lower(trim(product_code)) as item, any_value(product_id) as product_id
    from {{ ref('products') }}
    group by item
    having count(*) = 1
{%- endmacro %}
