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

{#
  Two persons rather than one, in records with contact details (lists of names alone have several given names of one
  person). Namesakes: of birth date, telephone and street two differ and nothing that belongs to one person agrees.
  Relatives: only surname and place agree. Colleagues, twins: both given names are known as names, so that neither is the
  other one misspelt (Anna and Anne), unless e-mail and birth date say otherwise.
#}
{% macro is_namesake() -%}
    kind = 'person' and has_contact_details and (
        (
            cast(coalesce(birth_date_level = 'other', false) as integer)
            + cast(coalesce(phone_level = 'other', false) as integer)
            + cast(coalesce(address_level = 'other', false) as integer) >= 2
            or coalesce(given_level = 'other', false)
        )
        and not {{ is_one_household() }}
        and coalesce(email_level not in ('same', 'similar'), true)
        and coalesce(birth_date_level not in ('same', 'similar'), true)
        or has_other_given
        and not coalesce(email_level = 'same' and birth_date_level in ('same', 'similar'), false)
    )
{%- endmacro %}

{#
  Persons who share a town or its postal area, in records with contact details. Somebody of the same name lives in most
  towns, so that telephone, e-mail, street, birth date or postal code has to agree as well.
#}
{% macro is_townsman() -%}
    kind = 'person' and has_contact_details and coalesce(place_level != 'same_postal', true)
{%- endmacro %}

{# One person is then 32 times as likely as two: what is less sure a person decides. #}
{% macro least_bits_of_a_townsman() -%} 5 {%- endmacro %}

{# A value that more than this many other customers share is an agent's, an office's or a form's, not one customer's. #}
{% macro most_customers_of_a_value() -%} 3 {%- endmacro %}
