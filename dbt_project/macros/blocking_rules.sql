{#
  The blocking rules: two records are compared when they share a key of at least one rule. Order is strength: a pair of
  several rules is listed under the first. cap: the largest block that is compared, in records. conflict: two records of
  a block that differ in this key are not compared: a name that contains another place is a sister company.
#}
{% macro blocking_rules() -%}
    {{ return([
        {'name': 'tax_id', 'key': 'tax_id_key'},
        {'name': 'email', 'key': 'email_key'},
        {'name': 'phone', 'key': 'phone_key'},
        {'name': 'domain', 'key': 'domain_key'},
        {'name': 'contact', 'key': "unnest(list_transform(contact_keys, lambda contact: substr(contact, strpos(contact, '|') + 1)))", 'known': 'contact_keys', 'cap': 12},
        {'name': 'name', 'key': 'folded_core', 'conflict': 'name_place'},
        {'name': 'name_and_place', 'key': "folded_core || '|' || coalesce(city_key, name_place, province_key)"},
        {'name': 'brand', 'key': 'brand', 'where': 'not is_person', 'cap': 5, 'conflict': 'name_place'},
        {'name': 'brand_and_place', 'key': "brand || '|' || coalesce(city_key, name_place, province_key)", 'where': 'not is_person', 'conflict': 'name_place'},
        {'name': 'sound_and_place', 'key': "sound || '|' || coalesce(name_place, city_key, province_key)", 'where': 'not is_person'},
        {'name': 'spoken', 'key': 'spoken', 'where': 'not is_person', 'cap': 12},
        {'name': 'switchboard', 'key': "left(phone_key, -3)", 'where': 'not is_person and length(phone_key) >= 9', 'cap': 12},
        {'name': 'rare_word', 'key': 'rarest_word', 'where': 'not is_person', 'cap': 12},
        {'name': 'address', 'key': "address_sound || '|' || coalesce(postal_key, city_key, '')"},
        {'name': 'address_anywhere', 'key': 'address_sound', 'cap': 12},
        {'name': 'street_number', 'key': 'street_number', 'where': 'not is_person', 'cap': 40},
        {'name': 'birth_date', 'key': 'birth_date'},
        {'name': 'birth_date_and_given', 'key': "birth_date || '|' || left(given, 2)"},
        {'name': 'birth_date_and_surname', 'key': "birth_date || '|' || left(surname, 2)"},
        {'name': 'birth_date_and_postal', 'key': "birth_date || '|' || postal_area"},
        {'name': 'birth_month_and_given', 'key': "strftime(birth_date, '%Y-%m') || '|' || given"},
        {'name': 'email_beginning', 'key': "left(email_key, 6)", 'where': 'is_person'},
        {'name': 'postal', 'key': 'postal_key', 'where': 'is_person'},
        {'name': 'surname_and_postal', 'key': "surname || '|' || postal_area", 'where': 'is_person'},
        {'name': 'given_and_postal', 'key': "given || '|' || postal_area", 'where': 'is_person'},
        {'name': 'surname_and_city', 'key': "surname || '|' || city_key", 'where': 'is_person'},
        {'name': 'surname_and_initial', 'key': "surname || '|' || left(given, 1)", 'where': 'is_person'},
        {'name': 'given_and_surname', 'key': "given || '|' || left(surname, 3)", 'where': 'is_person'},
        {'name': 'surname', 'key': 'surname', 'where': 'is_person', 'cap': 30},
        {'name': 'given', 'key': 'given', 'where': 'is_person', 'cap': 30},
    ]) }}
{%- endmacro %}

{#
  Larger blocks are skipped and counted: n records make n²/2 pairs, and a key shared by many says little. A rule whose
  blocks are mostly unrelated records has its own cap.
#}
{% macro block_cap(rule) -%} {{ rule.get('cap', 60) }} {%- endmacro %}

{# Two bytes are enough: a hash collision only means that two more records are compared. #}
{% macro hash_of_conflict_key(rule) -%}
    {%- if rule.get('conflict') -%}
        case when {{ rule.conflict }} is not null then cast(hash({{ rule.conflict }}) % 65536 as usmallint) end
    {%- else -%} cast(null as usmallint)
    {%- endif -%}
{%- endmacro %}
