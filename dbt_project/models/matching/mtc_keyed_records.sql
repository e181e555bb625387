-- One row per customer record with its comparable keys, independent of all other records.
with accounts as (
    select
        row_number() over (order by source_system, source_id) as record_no,
        *,
    from {{ ref('stg_account_records') }}
),

-- computed once per legal form: there are few
forms as (
    select
        legal_form,
        {{ form_countries('legal_form') }} as form_countries,
    from {{ source('keys', 'names') }}
    where legal_form != ''
    group by legal_form
),

-- a name that stands for nobody is no name
real_names as (
    select
        *,
        {{ is_placeholder('name_key', 'name') }} as is_nobody,
    from {{ source('keys', 'names') }}
),

final as (
    select
        accounts.record_no,
        accounts.source_system,
        accounts.source_id,
        accounts.account_name,
        coalesce(every_name.is_nobody, false) as is_nobody,
        nullif(names.name_key, '') as name_key,
        nullif(names.core, '') as core,
        nullif(names.sorted_core, '') as sorted_core,
        nullif(names.folded_core, '') as folded_core,
        nullif(names.brand, '') as brand,
        nullif(names.digits, '') as core_digits,
        {{ name_number("nullif(names.core, '')", "nullif(names.digits, '')") }} as name_number,
        names.word_count,
        names.letter_mask,
        forms.legal_form,
        forms.form_countries,
        nullif(names.place, '') as name_place,
        nullif(names.branch, '') as branch,
        nullif(names.sound, '') as sound,
        names.spoken,
        -- in one town of China no two companies have one brand and trade, whatever their form and its order
        case
            when names.place != '' and strlen(names.core) > length(names.core) then names.place || '|' || names.core
            else nullif(names.name_key, '')
        end as registered_name,
        nullif(names.given, '') as given,
        nullif(names.surname, '') as surname,
        coalesce(names.is_given_known, false) as is_given_known,
        accounts.birth_date is not null or coalesce(every_name.is_person, false) as reads_like_person,
        tax_ids.tax_id_key,
        coalesce(tax_ids.is_valid, false) as is_tax_id_valid,
        phones.phone_key,
        emails.email_key,
        coalesce(websites.domain_key, emails.domain_key, contacts.contact_domain_key) as domain_key,
        coalesce(websites.domain_key, emails.domain_key) is null as is_domain_of_contact,
        contacts.contact_keys,
        addresses.address_key,
        addresses.address_sound,
        addresses.street_number,
        nullif(upper(regexp_replace(accounts.postal_code, '[^0-9A-Za-z]', '', 'g')), '') as postal_key,
        left(postal_key, least(4, cast(length(postal_key) / 2 as integer) + 1)) as postal_area,
        cities.place_key as city_key,
        coalesce(provinces.province_key, cities.province_key) as province_key,
        coalesce(
            whole_industry.industry_code, first_industry.industry_code, nullif(lower(trim(accounts.industry)), '')
        ) as industry_key,
        {{ unless_placeholder('accounts.birth_date', 'birth_date') }} as birth_date,
    from accounts
    left join real_names as every_name on accounts.account_name = every_name.name
    left join real_names as names on accounts.account_name = names.name and not names.is_nobody
    left join forms on names.legal_form = forms.legal_form
    left join {{ ref('mtc_contacts') }} as contacts using (source_system, source_id)
    left join {{ real_keys('tax_ids') }} as tax_ids on accounts.tax_id = tax_ids.value
    left join {{ real_keys('phones') }} as phones on accounts.phone = phones.value
    left join {{ real_keys('emails') }} as emails on accounts.email = emails.value
    left join {{ real_keys('websites') }} as websites on accounts.website = websites.value
    left join {{ source('keys', 'addresses') }} as addresses on accounts.address = addresses.value
    left join {{ source('keys', 'places') }} as cities on accounts.city = cities.value
    left join {{ source('keys', 'places') }} as provinces on accounts.province = provinces.value
    {{ join_industry_codes('accounts.industry') }}
)

select * from final
