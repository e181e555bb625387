-- One row per customer: the golden record, every attribute with its record, and what the business register says.
with

customers as (
    select
        *,
        nullif(upper(regexp_replace(tax_id, '[^0-9A-Za-z]', '', 'g')), '') as register_key,
    from {{ ref('int_customers') }}
),

status_words as (
    select * from {{ ref('document_status_words') }}
    where object = 'registrations'
),

-- Two publishers may list the same company: the one that read the register last counts.
registrations as (
    select
        registrations.*,
        nullif(upper(regexp_replace(registrations.tax_id, '[^0-9A-Za-z]', '', 'g')), '') as register_key,
        coalesce(status_words.status_code, if(registrations.registration_status is null, null, 'unmapped')) as status_code,
    from {{ ref('stg_registrations') }} as registrations
    left join status_words on lower(trim(registrations.registration_status)) = status_words.word
    qualify
        row_number() over (
            partition by register_key
            order by coalesce(registrations.checked_on, cast(registrations.exported_at as date)) desc, source_system, source_id
        ) = 1
)

select
    customers.* exclude (register_key),
    registrations.registered_name,
    registrations.registered_capital,
    registrations.currency as registered_currency,
    registrations.founded_on,
    registrations.legal_representative,
    registrations.registration_status,
    registrations.status_code as registration_status_code,
    case
        when registrations.register_key is not null then 'found'
        when customers.register_key is null then 'no_tax_id'
        else 'not_listed'
    end as registration_code,
    registrations.publisher as registration_publisher,
    coalesce(registrations.checked_on, cast(registrations.exported_at as date)) as registration_checked_on,
    registrations.source_system || '|' || registrations.source_id as registration_source,
from customers
left join registrations on customers.register_key = registrations.register_key
