-- One row per customer record with contact persons: the keys under which the same person is met in another record.
with people as (
    select
        contacts.source_system,
        contacts.account_source_id as source_id,
        emails.email_key,
        emails.domain_key,
        phones.phone_key,
        nullif(names.sorted_core, '') || ', ' || nullif(lower(trim(contacts.job_title)), '') as name_and_role,
    from {{ ref('stg_contacts') }} as contacts
    left join {{ source('keys', 'emails') }} as emails on contacts.email = emails.value
    left join {{ source('keys', 'phones') }} as phones on contacts.phone = phones.value
    left join {{ source('keys', 'names') }} as names on contacts.contact_name = names.name
    where
        contacts.account_source_id is not null
        and not coalesce(contacts.is_deleted, false)
        and contacts.merged_into_id is null
),

-- the number says how much such a key is worth: see contact_level
person_keys as (
    {% for key in ["'1|' || case when domain_key is not null then email_key end", "'2|' || phone_key",
                   "'3|' || case when domain_key is null then email_key end", "'4|' || name_and_role"] -%}
        select source_system, source_id, {{ key }} as contact_key from people
        {% if not loop.last %}union{% endif %}
    {% endfor %}
),

keys_of_records as (
    select source_system, source_id, list(contact_key order by contact_key) as contact_keys
    from person_keys
    where contact_key is not null
    group by all
),

-- people of two companies say nothing about which of them the customer is
domains_of_records as (
    select source_system, source_id, min(domain_key) as contact_domain_key
    from people
    group by all
    having count(distinct domain_key) = 1
)

select *
from keys_of_records
left join domains_of_records using (source_system, source_id)
