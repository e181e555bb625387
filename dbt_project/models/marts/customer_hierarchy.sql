-- One row per customer with a parent company. A subsidiary is not a duplicate of its parent.
with records as (
    select source_system, source_id, parent_account_id, exported_at
    from {{ ref('stg_account_records') }}
    where parent_account_id is not null and coalesce(is_deleted, false) = false
),

map as (select source_system, source_id, customer_id from {{ source('resolved', 'customer_map') }}),

parents as (
    select
        children.customer_id,
        owners.customer_id as parent_customer_id,
        records.source_system,
        records.source_id,
        records.exported_at,
    from records
    inner join map as children using (source_system, source_id)
    inner join map as owners
        on records.source_system = owners.source_system and records.parent_account_id = owners.source_id
    where children.customer_id != owners.customer_id
)

select
    customer_id,
    parent_customer_id,
    source_system,
    source_id,
from parents
-- systems may disagree about the parent: the newest record decides
qualify row_number() over (
    partition by customer_id
    order by exported_at desc, source_system, source_id
) = 1
