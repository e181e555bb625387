-- One row per industry value that customer records use, with the industry that it maps to.
with records as (
    select
        accounts.source_system,
        accounts.source_id,
        trim(accounts.industry) as industry_word,
        coalesce(whole_industry.industry_code, first_industry.industry_code, 'unmapped') as industry_code,
    from {{ ref('stg_account_records') }} as accounts
    {{ join_industry_codes('accounts.industry') }}
    where nullif(trim(accounts.industry), '') is not null
)

select
    records.industry_word,
    records.industry_code,
    count(*) as record_count,
    count(distinct map.customer_id) as customer_count,
    string_agg(distinct records.source_system, ', ' order by records.source_system) as source_systems,
from records
left join {{ source('resolved', 'customer_map') }} as map using (source_system, source_id)
group by all
