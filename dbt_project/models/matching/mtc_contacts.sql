-- One row per customer record with contact persons: the keys that the same person has in another record.
with contacts as (
    select
        stg_contacts.source_system,
        stg_contacts.account_source_id as source_id,
        emails.email_key,
        emails.domain_key,
        phones.phone_key,
        nullif(names.sorted_core, '') || ', ' || nullif(lower(trim(stg_contacts.job_title)), '') as name_and_role,
    from {{ ref('stg_contacts') }} as stg_contacts
    left join {{ real_keys('emails') }} as emails on stg_contacts.email = emails.value
    left join {{ real_keys('phones') }} as phones on stg_contacts.phone = phones.value
    left join {{ source('keys', 'names') }} as names on stg_contacts.contact_name = names.name
    where
        stg_contacts.account_source_id is not null
        and not coalesce(stg_contacts.is_deleted, false)
        and stg_contacts.merged_into_id is null
),

-- the number is the kind of key: see contact_level
contact_keys_by_kind as (
    {% for key in ["'1|' || case when domain_key is not null then email_key end", "'2|' || phone_key",
                   "'3|' || case when domain_key is null then email_key end", "'4|' || name_and_role"] -%}
        select source_system, source_id, {{ key }} as contact_key from contacts
        {% if not loop.last %}union{% endif %}
    {% endfor %}
),

keys_of_records as (
    select source_system, source_id, list(contact_key order by contact_key) as contact_keys
    from contact_keys_by_kind
    where contact_key is not null
    group by all
),

-- contacts with two domains leave open which of them is the customer's
domains_of_records as (
    select source_system, source_id, min(domain_key) as contact_domain_key
    from contacts
    group by all
    having count(distinct domain_key) = 1
)

select *
from keys_of_records
left join domains_of_records using (source_system, source_id)
