{# One criterion of the seed survivorship as text to sort by, the smallest first. #}
{% macro survivorship_key(criterion) -%}
    case {{ criterion }}
        when 'not_implied' then if(is_implied, '1', '0')
        when 'valid' then if(is_valid, '0', '1')
        when 'registered' then if(has_legal_form, '0', '1')
        when 'evidence' then name_evidence_key
        when 'agreement' then lpad(cast(99999 - agreeing_count as varchar), 5, '0')
        when 'priority' then lpad(cast(coalesce(priority, 999999) as varchar), 9, '0')
        when 'recency' then lpad(cast(99999999999999 - epoch_ms(exported_at) as varchar), 14, '0')
        when 'completeness' then lpad(cast(999 - filled_count as varchar), 3, '0')
        when 'length' then lpad(cast(99999 - length(value) as varchar), 5, '0')
        when 'earliest' then value
        else ''
    end
{%- endmacro %}

{# The kinds of evidence about a name, in the order they count, as int_customer_name_evidence has them. #}
{% macro name_evidence() -%}
    {{ return([
        {'name': 'script', 'key': "if(is_native_script, '0', '1')"},
        {'name': 'domain', 'key': "if(has_brand_of_domain, '0', '1')"},
        {'name': 'core_agreement', 'key': "lpad(cast(99999 - core_count as varchar), 5, '0')"},
        {'name': 'plain_writing', 'key': "if(is_plain, '0', '1')"},
        {'name': 'agreement', 'key': "lpad(cast(99999 - spelling_count as varchar), 5, '0')"},
        {'name': 'usual_form', 'key': "lpad(cast(999999999 - form_count as varchar), 9, '0')"},
    ]) }}
{%- endmacro %}

{# The criteria of a rule of the seed as text, those of the evidence one by one. #}
{% macro survivorship_criteria(rules) -%}
    replace(
        concat_ws(', ', {{ rules }}.criterion_1, {{ rules }}.criterion_2, {{ rules }}.criterion_3, {{ rules }}.criterion_4),
        'evidence',
        '{{ name_evidence() | map(attribute="name") | join(", ") }}'
    )
{%- endmacro %}

{# Why the kept one of two ranked values came first: the first criterion in which their keys differ. #}
{% macro deciding_criterion(kept, lost) -%}
    case
        when {{ lost }}.is_inactive and not {{ kept }}.is_inactive then 'record_in_use'
        else coalesce(
            list_filter(
                list_zip(
                    string_split({{ kept }}.rule, ', '),
                    string_split({{ kept }}.survival_key, '|'),
                    string_split({{ lost }}.survival_key, '|')
                ),
                lambda step: step[2] is distinct from step[3]
            )[1][1],
            'order_of_records'
        )
    end
{%- endmacro %}
