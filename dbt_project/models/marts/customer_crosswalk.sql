-- One row per customer record of every system: the customer it belongs to, and what linked it.
with map as (select * from {{ source('resolved', 'customer_map') }}),

records as (select * from {{ ref('stg_account_records') }})

select
    map.source_system,
    map.source_id,
    map.customer_id,
    records.account_name,
    map.rule,
    map.cause,
    map.linked_source_system,
    map.linked_source_id,
    map.link_bits,
    records.is_implied,
    names.core as standard_name,
    names.legal_form,
from map
inner join records using (source_system, source_id)
left join {{ ref('mtc_records') }} as names using (source_system, source_id)
