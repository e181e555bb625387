{#
  The comparisons. level: the comparison level, an expression over the two records `l` and `r`, the best agreement first;
  null where one side has no value. shared_count: how many other records share the agreeing value, for levels with term
  frequency adjustment. known: the expression of mtc_records that is null where a record has no value.
#}
{% macro match_fields() -%}
    {{ return([
        {'name': 'name', 'levels': ['same_legal_name', 'same_name', 'same_core', 'transposed', 'same_spoken', 'same_sound', 'short_name', 'contained', 'similar', 'shared_words', 'shared_rare_word', 'same_brand', 'sister_name', 'other_place', 'other_number', 'other_country', 'other_branch', 'other_words', 'other_registered', 'other_script', 'other'], 'kind': 'organisation', 'known': 'sorted_core', 'level': organisation_name_level(),
         'shared_count': shared_name_count()},
        {'name': 'given', 'levels': ['same', 'similar', 'initial', 'alike', 'other'], 'kind': 'person', 'known': 'given', 'level': person_word_level('given', 'surname'),
         'shared_count': 'coalesce(case when l.given = r.given then l.given_others end, l.surname_others, l.given_others)'},
        {'name': 'surname', 'levels': ['same', 'similar', 'initial', 'alike', 'other_generation', 'other'], 'kind': 'person', 'known': 'surname', 'level': person_word_level('surname', 'given'),
         'shared_count': 'coalesce(l.surname_others, r.surname_others)'},
        {'name': 'tax_id', 'levels': ['same_valid', 'same', 'other_valid', 'other'], 'known': 'tax_id_key', 'shared_count': 'l.tax_id_key_others', 'level': tax_id_level()},
        {'name': 'phone', 'levels': ['same', 'same_switchboard', 'other'], 'known': 'phone_key', 'shared_count': 'l.phone_key_others', 'level': phone_level()},
        {'name': 'email', 'levels': ['same', 'similar', 'other'], 'known': 'email_key', 'shared_count': 'l.email_key_others', 'level': email_level()},
        {'name': 'domain', 'levels': ['same', 'other'], 'known': 'domain_key', 'shared_count': 'l.domain_key_others',
         'level': domain_level()},
        {'name': 'contact', 'levels': ['same_work_email', 'same_phone', 'same_free_email', 'same_name_and_role', 'other'], 'kind': 'organisation', 'known': 'contact_keys',
         'shared_count': "cast(split_part(" ~ shared_contact() ~ ", '|', 1) as double)", 'level': contact_level()},
        {'name': 'address', 'levels': ['same', 'same_number', 'other'], 'known': 'address_key', 'shared_count': 'l.address_key_others', 'level': address_level()},
        {'name': 'place', 'levels': ['same_postal', 'same_postal_area', 'same_city', 'city_in_name', 'similar_city', 'same_province', 'other'], 'known': 'coalesce(city_key, postal_key)', 'level': place_level(),
         'shared_count': "case when l.postal_key = r.postal_key then l.postal_key_others
            when l.is_person and r.is_person and l.postal_area = r.postal_area then l.postal_area_others
            else l.city_key_others end"},
        {'name': 'industry', 'levels': ['same', 'other'], 'known': 'industry_key', 'shared_count': 'l.industry_key_others',
         'level': "case when l.industry_key = r.industry_key then 'same' when l.industry_key != r.industry_key then 'other' end"},
        {'name': 'birth_date', 'levels': ['same', 'similar', 'alike', 'other'], 'known': 'birth_date', 'shared_count': 'l.birth_date_others', 'level': birth_date_level()},
    ]) }}
{%- endmacro %}

{# A domain taken from a contact's e-mail is no further evidence where that e-mail is what the two records share. #}
{% macro domain_level() -%}
    case
        when l.domain_key = r.domain_key then
            case
                when not (l.is_domain_of_contact or r.is_domain_of_contact) then 'same'
                when split_part({{ shared_contact() }}, '|', 2) is distinct from '1' then 'same'
            end
        when l.domain_key != r.domain_key and not (l.is_domain_of_contact or r.is_domain_of_contact) then 'other'
    end
{%- endmacro %}

{# A Chinese character is a word: if one differs (拓搏, 拓博) the name differs, so letter similarity is for Latin names only. #}
{% macro organisation_name_level() -%}
    case
        when l.core is null or r.core is null then null
        when {{ is_other_branch() }} then 'other_branch'
        when {{ has_other_words() }} then 'other_words'
        when {{ has_form_of_other_country() }} then 'other_country'
        when {{ has_other_number() }} then 'other_number'
        when l.name_key = r.name_key and l.legal_form is not null then 'same_legal_name'
        when l.registered_name = r.registered_name and l.legal_form is not null and r.legal_form is not null then 'same_legal_name'
        when l.name_key = r.name_key then 'same_name'
        when l.sorted_core = r.sorted_core and l.name_place != r.name_place then 'other_place'
        -- two characters in the other order are another brand: 华达, 达华
        when l.sorted_core = r.sorted_core and strlen(l.core) > length(l.core) and l.core != r.core
            then case when length(l.core) > 2 then 'transposed' else {{ different_name_level() }} end
        when l.sorted_core = r.sorted_core then 'same_core'
        -- at least one in Latin letters: two Chinese names of one sound are two names
        when l.spoken = r.spoken and l.brand != r.brand and least(strlen(l.core) - length(l.core), strlen(r.core) - length(r.core)) = 0
            then case when l.name_place != r.name_place then 'other_place' else 'same_spoken' end
        when l.sound = r.sound and (strlen(l.core) > length(l.core)) != (strlen(r.core) > length(r.core))
            then
                case
                    when l.name_place != r.name_place then 'other_place'
                    when {{ has_other_trade() }} then 'same_brand'
                    else 'same_sound'
                end
        when l.core_digits is distinct from r.core_digits and l.brand = r.brand then 'same_brand'
        when l.core_digits is distinct from r.core_digits then {{ different_name_level() }}
        when l.brand = r.brand and l.name_place != r.name_place then 'other_place'
        when l.brand = r.brand and (starts_with(l.core, r.core) or starts_with(r.core, l.core)) then 'short_name'
        when strlen(l.core) > length(l.core) then
            case
                -- the two differ by insertions only, counted in bytes as levenshtein does
                when least(l.letter_mask & ~r.letter_mask, r.letter_mask & ~l.letter_mask) = 0
                    and levenshtein(l.core, r.core) = abs(strlen(l.core) - strlen(r.core)) then 'contained'
                when bit_count(xor(l.letter_mask, r.letter_mask)) <= 2 and length(l.core) >= 6 and length(r.core) >= 6
                    and levenshtein(l.core, r.core) = 1 then 'shared_words'
                else {{ different_name_level() }}
            end
        -- Muller, Mueller and Müller
        when l.folded_core = r.folded_core then 'similar'
        -- at 0.94 at least 0.7 of the letters of either name occur in the other
        when bit_count(l.letter_mask & ~r.letter_mask) <= 0.3 * length(l.core)
            and bit_count(r.letter_mask & ~l.letter_mask) <= 0.3 * length(r.core)
            and least(length(l.core), length(r.core)) >= 6
            and jaro_winkler_similarity(l.core, r.core) >= 0.94 then 'similar'
        when {{ no_word_shared() }} then {{ different_name_level() }}
        when least(l.word_count, r.word_count) >= 2
            and {{ shared_word_count() }} >= least(l.word_count, r.word_count)
            then 'short_name'
        when {{ has_word('r', 'l.rarest_word') }} or {{ has_word('l', 'r.rarest_word') }}
            then
                case
                    when l.legal_form is not null and r.legal_form is not null and l.brand = r.brand
                        and {{ shared_word_count() }} = 1 then 'sister_name'
                    else 'shared_rare_word'
                end
        -- Ashgrove Supplies Store, Birchley Supplies Store: where the rarest words differ, the others are of the trade
        when {{ shared_word_count() }} * 2 > greatest(l.word_count, r.word_count)
            and jaro_winkler_similarity(l.rarest_word, r.rarest_word) >= 0.8 then 'shared_words'
        else {{ different_name_level() }}
    end
{%- endmacro %}

{#
  One sound, but both names say what the company does, and not the same: 远锐物流, Yuan Rui Foods. Many brands sound alike.
  Where one trade contains the other a word is missing or misspelt.
#}
{% macro has_other_trade() -%}
    not contains(l.spoken, split_part(r.spoken, '|', 2)) and not contains(r.spoken, split_part(l.spoken, '|', 2))
{%- endmacro %}

{#
  Two registered names with different words are two companies, of one group if they have the same beginning. Only in one
  script: a translated name keeps no word of the original.
#}
{% macro different_name_level() -%}
    case
        when (strlen(l.core) > length(l.core)) != (strlen(r.core) > length(r.core))
            then case when l.brand = r.brand then 'same_brand' else 'other_script' end
        when l.legal_form is null or r.legal_form is null
            then case when l.brand = r.brand then 'same_brand' else 'other' end
        when l.brand = r.brand then 'sister_name'
        else 'other_registered'
    end
{%- endmacro %}

{# One bit of 64 for a word. Names that have no bit in common share no word, which saves splitting them. #}
{% macro word_bit(word) -%} cast(1 as ubigint) << (hash({{ word }}) % 64) {%- endmacro %}

{% macro no_word_shared() -%} (l.word_mask & r.word_mask) = 0 {%- endmacro %}

{#
  A branch or a country's company and the company, or two of them. Also a group and a company of it, where both names
  have a legal form: a name without one may mean either.
#}
{% macro is_other_branch() -%}
    (split_part(l.branch, ' ', 1) is distinct from split_part(r.branch, ' ', 1) and not starts_with(coalesce(l.branch, r.branch), '(')
        and not starts_with(coalesce(r.branch, l.branch), '(')
        or l.legal_form != r.legal_form and {{ is_group('l') }} != {{ is_group('r') }})
    and {{ has_same_beginning() }}
{%- endmacro %}

{# Words in brackets, after (, or after "branch" distinguish two names only where both have some. #}
{% macro has_other_words() -%} l.branch != r.branch and {{ has_same_beginning() }} {%- endmacro %}

{% macro has_form_of_other_country() -%} (l.form_countries & r.form_countries) = 0 and {{ has_same_beginning() }} {%- endmacro %}

{# 第一机床厂 and 第二机床厂, Fund II and Fund III, #12 and #45: the rest of the two names has the same beginning. #}
{% macro has_other_number() -%}
    l.name_number != r.name_number
    -- one of them may have a house number appended, as names sometimes do
    and not starts_with(l.name_number, r.name_number) and not starts_with(r.name_number, l.name_number)
    and ({{ has_same_beginning() }} or replace(l.core, l.name_number, '') = replace(r.core, r.name_number, ''))
{%- endmacro %}

{% macro has_same_beginning() -%}
    (l.brand = r.brand or starts_with(l.core, r.core) or starts_with(r.core, l.core))
{%- endmacro %}

{% macro is_group(side) -%} regexp_matches({{ side }}.legal_form, '集团|\b(group|grp|holdings?)\b') {%- endmacro %}

{# Words are searched in the text: lists would have to be joined to every pair. #}
{% macro has_word(side, word) -%}
    ({{ word }} is not null and not {{ no_word_shared() }} and contains(' ' || {{ side }}.core || ' ', ' ' || {{ word }} || ' '))
{%- endmacro %}

{% macro shared_word_count() -%}
    len(list_intersect(string_split(l.core, ' '), string_split(r.core, ' ')))
{%- endmacro %}

{# How many records share what two company names have in common: the whole core, their rarest word, or the brand. #}
{% macro shared_name_count() -%}
    case
        when l.registered_name = r.registered_name and l.legal_form is not null then l.legal_name_others
        when l.sorted_core = r.sorted_core then l.sorted_core_others
        when {{ has_word('r', 'l.rarest_word') }} then l.rarest_word_others
        when {{ has_word('l', 'r.rarest_word') }} then r.rarest_word_others
        when l.brand = r.brand then l.brand_others
        when l.spoken = r.spoken then l.spoken_others
        when l.sound = r.sound then l.sound_others
        else 0
    end
{%- endmacro %}

{# Given name and surname may be swapped; a single word may be either of them. #}
{% macro person_word_level(word, other_word) -%}
    case
        {% if word == 'surname' -%}
            when {{ has_generation('l') }} or {{ has_generation('r') }} then
                case when l.surname is distinct from r.surname then 'other_generation' else 'same' end
        {% endif -%}
        when l.{{ word }} = r.{{ word }} then 'same'
        when l.{{ word }} = r.{{ other_word }} and (l.{{ other_word }} = r.{{ word }} or r.{{ word }} is null) then 'same'
        when r.{{ word }} = l.{{ other_word }} and l.{{ word }} is null then 'same'
        when l.{{ word }} is null or r.{{ word }} is null then null
        when l.surname is null and l.given = r.surname or r.surname is null and r.given = l.surname then null
        when length(l.{{ word }}) = 1 and starts_with(r.{{ word }}, l.{{ word }}) then 'initial'
        when length(r.{{ word }}) = 1 and starts_with(l.{{ word }}, r.{{ word }}) then 'initial'
        when least(length(l.{{ word }}), length(r.{{ word }})) >= 3
            and jaro_winkler_similarity(l.{{ word }}, r.{{ word }}) >= 0.9 then 'similar'
        when jaro_winkler_similarity(l.{{ word }}, r.{{ other_word }}) >= 0.9
            and jaro_winkler_similarity(l.{{ other_word }}, r.{{ word }}) >= 0.9 then 'similar'
        when jaro_winkler_similarity(l.{{ word }}, r.{{ word }}) >= 0.78 then 'alike'
        else 'other'
    end
{%- endmacro %}

{# Jr and Sr are found in the surname's position, after at least two other words: Amit Sen and Li Jun are names. #}
{% macro has_generation(side) -%}
    ({{ side }}.word_count > 2
        and coalesce({{ side }}.surname in ('jr', 'sr', 'jun', 'sen', 'junior', 'senior', 'ii', 'iii', 'iv'), false))
{%- endmacro %}

{#
  The rarest contact person of both records. A number or address that the two accounts themselves share is already
  counted there.
#}
{% macro shared_contact() -%}
    list_sort(list_filter(l.contact_keys, lambda key: list_contains(r.contact_keys, key)
        and not coalesce(l.phone_key = r.phone_key and ends_with(key, '|2|' || l.phone_key), false)
        and not coalesce(l.email_key = r.email_key and ends_with(key, '|' || l.email_key), false)))[1]
{%- endmacro %}

{% macro contact_level() -%}
    case
        when l.contact_keys is null or r.contact_keys is null then null
        else case split_part({{ shared_contact() }}, '|', 2)
            when '1' then 'same_work_email'
            when '2' then 'same_phone'
            when '3' then 'same_free_email'
            when '4' then 'same_name_and_role'
            else 'other'
        end
    end
{%- endmacro %}

{% macro tax_id_level() -%}
    case
        when l.tax_id_key = r.tax_id_key and (l.is_tax_id_valid or r.is_tax_id_valid) then 'same_valid'
        when l.tax_id_key = r.tax_id_key then 'same'
        when l.tax_id_key != r.tax_id_key and l.is_tax_id_valid and r.is_tax_id_valid then 'other_valid'
        when l.tax_id_key != r.tax_id_key then 'other'
    end
{%- endmacro %}

{% macro email_level() -%}
    case
        when l.email_key = r.email_key then 'same'
        when l.is_person and r.is_person and jaro_winkler_similarity(l.email_key, r.email_key) >= 0.94
            then
                case
                    when not {{ is_email_alike_by_name() }} then 'similar'
                    when {{ digits_of('l.email_beyond_name') }} != {{ digits_of('r.email_beyond_name') }} then 'other'
                end
        when l.email_key != r.email_key then 'other'
    end
{%- endmacro %}

{#
  james.x@ and james.x84@ are alike because both are made of the name, which is compared already. Evidence beyond the
  name are the same digits, nearly the same further letters, a misspelt domain, and a name that one record lacks.
#}
{% macro is_email_alike_by_name() -%}
    not coalesce(
        l.surname is null or r.surname is null
        or l.domain_key != r.domain_key
        or {{ digits_of('l.email_beyond_name') }} = {{ digits_of('r.email_beyond_name') }} and length({{ digits_of('l.email_beyond_name') }}) >= 2
        or least(length(l.email_beyond_name), length(r.email_beyond_name)) >= 4
        and {{ digits_of('l.email_beyond_name') }} = {{ digits_of('r.email_beyond_name') }}
        and levenshtein(l.email_beyond_name, r.email_beyond_name) <= 1,
        false
    )
{%- endmacro %}

{% macro digits_of(text) -%} regexp_replace({{ text }}, '[^0-9]', '', 'g') {%- endmacro %}

{# The letters and digits before the @ that do not follow from the name: without its words, its sound and initials. #}
{% macro email_beyond_name(record) -%}
    {%- set letters = "regexp_replace(" ~ record ~ ".beyond_words, '[^a-z]', '', 'g')" -%}
    case
        when length({{ letters }}) <= 1 + length({{ record }}.surname)
            and (starts_with({{ record }}.given, {{ letters }}) or starts_with({{ record }}.surname, {{ letters }})
                or starts_with({{ record }}.given, left({{ letters }}, 1)) and starts_with({{ record }}.surname, substr({{ letters }}, 2)))
            then {{ digits_of(record ~ '.beyond_words') }}
        else {{ record }}.beyond_words
    end
{%- endmacro %}

{# Direct lines of one switchboard, in one town, differ in their last three digits. #}
{% macro phone_level() -%}
    case
        when l.phone_key = r.phone_key then 'same'
        when not (l.is_person and r.is_person) and length(l.phone_key) >= 9 and length(l.phone_key) = length(r.phone_key)
            and left(l.phone_key, -3) = left(r.phone_key, -3) and coalesce(l.city_key = r.city_key, true) then 'same_switchboard'
        when l.phone_key != r.phone_key then 'other'
    end
{%- endmacro %}

{# In two scripts a street is compared by its sound; it may also be translated, and then only the number differs or not. #}
{% macro address_level() -%}
    case
        when l.address_key is null or r.address_key is null then null
        when l.address_key = r.address_key then 'same'
        when (strlen(l.address_key) > length(l.address_key)) != (strlen(r.address_key) > length(r.address_key))
            and l.address_sound = r.address_sound then 'same'
        when l.street_number = r.street_number then 'same_number'
        else 'other'
    end
{%- endmacro %}

{#
  A record without a city has the town of its name: 北京恒信科技 and 恒信科技 in Beijing. Another town says nothing, because
  a company may have moved from the one in its name.
#}
{% macro has_city_in_name(side, other) -%}
    (not (l.is_person and r.is_person) and {{ side }}.city_key is null and {{ side }}.name_place = {{ other }}.city_key)
{%- endmacro %}

{% macro place_level() -%}
    case
        when l.postal_key = r.postal_key then 'same_postal'
        when l.is_person and r.is_person and l.postal_area = r.postal_area then 'same_postal_area'
        when l.city_key = r.city_key then 'same_city'
        when {{ has_city_in_name('l', 'r') }} or {{ has_city_in_name('r', 'l') }} then 'city_in_name'
        when least(length(l.city_key), length(r.city_key)) >= 4
            and jaro_winkler_similarity(l.city_key, r.city_key) >= 0.9 then 'similar_city'
        when l.province_key = r.province_key then 'same_province'
        -- a place in two scripts is unknown, not different
        when (strlen(l.city_key) > length(l.city_key)) != (strlen(r.city_key) > length(r.city_key)) then null
        when l.city_key != r.city_key or l.postal_key != r.postal_key or l.province_key != r.province_key then 'other'
    end
{%- endmacro %}

{% macro birth_date_level() -%}
    case
        when l.birth_date = r.birth_date then 'same'
        when levenshtein(cast(l.birth_date as varchar), cast(r.birth_date as varchar)) = 1 then 'similar'
        when year(l.birth_date) = year(r.birth_date)
            and (month(l.birth_date) = month(r.birth_date) or day(l.birth_date) = day(r.birth_date)
                or (month(l.birth_date) = day(r.birth_date) and day(l.birth_date) = month(r.birth_date)))
            then 'similar'
        when abs(l.birth_date - r.birth_date) <= 366
            or levenshtein(cast(l.birth_date as varchar), cast(r.birth_date as varchar)) = 2 then 'alike'
        when l.birth_date != r.birth_date then 'other'
    end
{%- endmacro %}
