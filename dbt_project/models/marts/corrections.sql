-- One row per value of an export that was changed or gave way: what stood there, what is served instead, and the rule.
with replaced_by_golden_value as (
    select
        'golden_value' as correction_code,
        source_system,
        'accounts' as object,
        source_id,
        attribute as column_name,
        old_value,
        new_value,
        rule,
        decided_by as reason,
        customer_id,
        new_source_system || '|' || new_source_id as new_value_source,
        cast(null as varchar) as file_id,
    from {{ ref('int_customer_corrections') }}
),

replaced_by_standard_code as (
    select
        'standard_code' as correction_code,
        accounts.source_system,
        'accounts' as object,
        accounts.source_id,
        'country' as column_name,
        accounts.country as old_value,
        coalesce(countries.country_code, 'unmapped') as new_value,
        'ISO 3166-1' as rule,
        if(countries.country_code is null, 'no country is known by this name or code', 'one code for all spellings') as reason,
        map.customer_id,
        cast(null as varchar) as new_value_source,
        accounts._file_id as file_id,
    from {{ ref('stg_accounts') }} as accounts
    left join {{ source('resolved', 'customer_map') }} as map using (source_system, source_id)
    left join {{ source('keys', 'countries') }} as countries on accounts.country = countries.value
    where accounts.country is distinct from coalesce(countries.country_code, 'unmapped') and accounts.country is not null
),

replaced_by_contract as (
    select
        'contract' as correction_code,
        source_system,
        object,
        source_id,
        column_name,
        -- a row that was resubmitted from quarantine is logged as a whole: its raw text is not served
        if(column_name = '*', null, old_value) as old_value,
        if(column_name = '*', null, new_value) as new_value,
        rule,
        because as reason,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as new_value_source,
        file_id,
    from {{ source('control', 'corrections') }}
),

corrections as (
    select * from replaced_by_golden_value
    union all by name
    select * from replaced_by_standard_code
    union all by name
    select * from replaced_by_contract
)

select
    md5(cast(to_json(corrections) as varchar)) as correction_id,
    corrections.*,
from corrections
