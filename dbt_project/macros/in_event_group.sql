{# Whether rows with region and product_line belong to the group of an event window: its member, or the others as control. #}
{% macro in_event_group(rows) -%}
    case windows.level
        when 'region' then ({{ rows }}.region = windows.member) = windows.is_affected
        when 'product_line' then ({{ rows }}.product_line = windows.member) = windows.is_affected
        else true
    end
{%- endmacro %}
