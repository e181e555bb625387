{# What a stage requires and a deal is known to lack, comma-separated; null where nothing is known to be missing. #}
{% macro missing_requirements(rules, deal) -%}
    nullif(concat_ws(
        ', ',
        case when {{ rules }}.requires_budget and not {{ deal }}.has_budget then 'confirmed budget' end,
        case
            when {{ rules }}.requires_decision_process and not {{ deal }}.has_decision_process
                then 'known decision process'
        end,
        case when {{ rules }}.requires_decision_maker and not {{ deal }}.has_decision_maker then 'decision maker' end
    ), '')
{%- endmacro %}
