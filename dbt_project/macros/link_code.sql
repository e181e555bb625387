{# Whether a step of a deal is linked to a document; if not, why: it is not asked for (idle), documents of its systems name
   deals but not this one (missing), or they never name any (never_told). #}
{% macro link_code(linked, is_told, idle='false', idle_code='') -%}
    case
        when {{ linked }} is not null then 'linked'
        {% if idle_code -%} when {{ idle }} then '{{ idle_code }}' {%- endif %}
        when {{ is_told }} then 'missing'
        else 'never_told'
    end
{%- endmacro %}
