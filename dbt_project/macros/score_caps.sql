{#
  Two persons of one household rather than one person. A family shares surname, address, telephone and often e-mail:
  there a given name or birth date that differs outweighs everything that agrees. Elsewhere one of the two may be a typo,
  and only both together indicate two persons.
#}
{% macro is_other_relative() -%}
    kind = 'person' and coalesce(
        coalesce(given_level = 'other', false) and coalesce(birth_date_level = 'other', false)
        or coalesce(surname_level = 'other_generation', false)
        and coalesce(birth_date_level not in ('same', 'similar'), true)
        or coalesce(birth_date_level = 'other', false) and ({{ is_one_household() }} or place_level = 'same_postal')
        or coalesce(given_level in ('alike', 'other'), false) and {{ is_one_household() }},
        false
    )
{%- endmacro %}

{% macro is_one_household() -%} coalesce(phone_level = 'same' or address_level = 'same', false) {%- endmacro %}
