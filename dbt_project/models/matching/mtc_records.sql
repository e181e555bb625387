-- One row per customer record, with the keys that records are compared on and how many others share each key.
{% set counted = ['sorted_core', 'brand', 'tax_id_key', 'phone_key', 'email_key', 'domain_key', 'address_key',
                  'postal_key', 'postal_area', 'city_key', 'industry_key', 'birth_date', 'given', 'surname', 'sound'] %}
with accounts as (
    select
        row_number() over (order by source_system, source_id) as record_no,
        dense_rank() over (order by source_system) % 64 as system_bit,
        *,
    from {{ ref('stg_account_records') }}
),

-- a system whose names mostly read like those of persons keeps persons, whatever a single name looks like
systems as (
    select
        source_system,
        avg(cast(names.is_person or accounts.birth_date is not null as integer)) >= 0.4 as has_persons,
    from accounts
    left join {{ source('keys', 'names') }} as names on accounts.account_name = names.name
    where accounts.account_name is not null
    group by all
),

keyed_records as (
    select
        accounts.record_no,
        accounts.system_bit,
        accounts.source_system,
        accounts.source_id,
        accounts.account_name,
        nullif(names.name_key, '') as name_key,
        nullif(names.core, '') as core,
        nullif(names.sorted_core, '') as sorted_core,
        nullif(names.brand, '') as brand,
        string_split(names.core, ' ') as core_words,
        nullif(regexp_replace(names.core, '[^0-9]', '', 'g'), '') as core_digits,
        nullif(names.legal_form, '') as legal_form,
        nullif(names.place, '') as name_place,
        nullif(names.branch, '') as branch,
        nullif(names.sound, '') as sound,
        nullif(names.given, '') as given,
        nullif(names.surname, '') as surname,
        coalesce(
            accounts.birth_date is not null or names.is_person
            or (systems.has_persons and names.legal_form = ''), false
        ) as is_person,
        tax_ids.tax_id_key,
        coalesce(tax_ids.is_valid, false) as is_tax_id_valid,
        phones.phone_key,
        emails.email_key,
        coalesce(websites.domain_key, emails.domain_key) as domain_key,
        addresses.address_key,
        addresses.street_number,
        addresses.address_words,
        nullif(upper(regexp_replace(accounts.postal_code, '[^0-9A-Za-z]', '', 'g')), '') as postal_key,
        left(postal_key, least(4, cast(length(postal_key) / 2 as integer) + 1)) as postal_area,
        cities.place_key as city_key,
        coalesce(provinces.province_key, cities.province_key) as province_key,
        nullif(lower(trim(accounts.industry)), '') as industry_key,
        accounts.birth_date,
        accounts.exported_at,
    from accounts
    left join systems on accounts.source_system = systems.source_system
    left join {{ source('keys', 'names') }} as names on accounts.account_name = names.name
    left join {{ source('keys', 'tax_ids') }} as tax_ids on accounts.tax_id = tax_ids.value
    left join {{ source('keys', 'phones') }} as phones on accounts.phone = phones.value
    left join {{ source('keys', 'emails') }} as emails on accounts.email = emails.value
    left join {{ source('keys', 'websites') }} as websites on accounts.website = websites.value
    left join {{ source('keys', 'addresses') }} as addresses on accounts.address = addresses.value
    left join {{ source('keys', 'places') }} as cities on accounts.city = cities.value
    left join {{ source('keys', 'places') }} as provinces on accounts.province = provinces.value
),

{% for key in counted -%}
    {{ key }}_counts as (
        select
            {{ key }},
            -- one customer stands once in each system: only further records speak of another customer with the same value
            {{ others('count(*)', 'system_bit') }} as {{ key }}_others,
        from keyed_records
        where {{ key }} is not null
        group by all
    ),

{% endfor -%}

-- a registered name is next to unique: even two records of it in one system are rather one company entered twice
legal_name_counts as (
    select name_key, greatest(count(*) - 2 * count(distinct system_bit), 0) as legal_name_others
    from keyed_records
    where legal_form is not null
    group by all
),

-- the rarest word of a name of several words says most about it
words as (
    select record_no, system_bit, unnest(list_distinct(core_words)) as word from keyed_records
    where not is_person and len(core_words) > 1
),

word_counts as (
    select word, count(*) as word_n, {{ others('count(*)', 'system_bit') }} as word_others from words
    group by all
),

rarest_words as (
    select
        words.record_no,
        arg_min(word_counts.word, word_counts.word_n * 1000 - least(length(word_counts.word), 99)) as rarest_word,
        arg_min(word_counts.word_others, word_counts.word_n * 1000 - least(length(word_counts.word), 99)) as rarest_word_others,
    from words
    inner join word_counts using (word)
    group by all
),

final as (
    select
        keyed_records.* exclude (system_bit),
        rarest_word,
        rarest_word_others,
        legal_name_others,
        {% for key in counted -%}
            {{ key }}_others,
        {% endfor -%}
    from keyed_records
    left join rarest_words using (record_no)
    left join legal_name_counts using (name_key)
    {% for key in counted -%}
        left join {{ key }}_counts using ({{ key }})
    {% endfor -%}
)

select * from final
