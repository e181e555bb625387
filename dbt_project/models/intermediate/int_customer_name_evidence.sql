-- One row per customer record with a name: what speaks for its spelling, before the rank of its system is asked.
with records as (
    select
        map.customer_id,
        matched.source_system,
        matched.source_id,
        matched.account_name,
        matched.core,
        matched.sound,
        matched.domain_key,
        names.script,
        names.is_plain,
        coalesce(matched.legal_form, '') || if(regexp_matches(matched.account_name, '[(（]'), '()', '') as name_form,
        coalesce(countries.script, cities.script, provinces.script) as place_script,
    from {{ ref('mtc_records') }} as matched
    inner join {{ source('resolved', 'customer_map') }} as map using (source_system, source_id)
    inner join {{ ref('stg_account_records') }} as accounts using (source_system, source_id)
    inner join {{ source('keys', 'names') }} as names on matched.account_name = names.name
    left join {{ source('keys', 'countries') }} as countries on accounts.country = countries.value
    left join {{ source('keys', 'places') }} as cities on accounts.city = cities.value
    left join {{ source('keys', 'places') }} as provinces on accounts.province = provinces.value
),

customers as (
    select
        customer_id,
        mode(place_script order by place_script) as place_script,
        list_distinct(list(replace(domain_key, '-', '') order by domain_key)) as domains,
    from records
    group by customer_id
),

form_counts as (
    select
        name_form,
        count(*) as form_count,
    from records
    group by name_form
),

evidence as (
    select
        records.customer_id,
        records.source_system,
        records.source_id,
        -- a company writes its name in the script of its country; where that is unknown, all scripts are equal
        coalesce(records.script = customers.place_script, true) as is_native_script,
        -- below four letters a domain begins with a brand by chance
        coalesce(
            length(records.sound) >= 4
            and len(list_filter(customers.domains, lambda domain: starts_with(domain, records.sound))) > 0,
            false
        ) as has_brand_of_domain,
        count(*) over (partition by records.customer_id, records.core) as core_count,
        records.is_plain,
        count(*) over (partition by records.customer_id, records.account_name) as spelling_count,
        form_counts.form_count,
    from records
    inner join customers using (customer_id)
    inner join form_counts using (name_form)
)

select
    *,
    concat_ws(
        '|',
        {% for kind in name_evidence() -%}
            {{ kind.key }}{{ ',' if not loop.last }}
        {% endfor -%}
    ) as name_evidence_key,
from evidence
