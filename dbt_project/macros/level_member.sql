{# The member of a level that may join several dimensions, such as product*region: their values in the same order. #}
{% macro level_member(level, row) -%}
    array_to_string(list_transform(
        string_split({{ level }}, '*'),
        part -> coalesce(
            case part
                when 'region' then {{ row }}.region
                when 'product_line' then {{ row }}.product_line
                when 'product' then {{ row }}.product
                when 'team' then {{ row }}.team
            end, 'unmapped'
        )
    ), '*')
{%- endmacro %}
