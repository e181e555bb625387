-- One row per lead of one source system up to as_of: how far it came, who has it, and since when.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select
        {{ rule('assign_days') }} as assign_days,
        {{ rule('settled_days') }} as settled_days,
        {{ rule('score_band_width') }} as band_width,
    from {{ ref('lead_rules') }}
),

named as (
    select
        leads.*,
        deals.opportunity_id as deal_id,
        deals.customer_id as deal_customer_id,
        opportunities.created_on as deal_created_on,
        customers.customer_id,
        reps.rep_id,
        reps.rep_name,
        coalesce({{ region_word('leads.region', 'regions') }}, 'unmapped') as region_code,
        coalesce(whole_industry.industry_code, first_industry.industry_code, 'unmapped') as industry_code,
        statuses.lead_status_code as word_status_code,
        run.as_of,
        rules.*,
    from {{ ref('stg_leads') }} as leads
    cross join run
    cross join rules
    left join {{ ref('int_deal_lookup') }} as deals
        on leads.source_system = deals.source_system and leads.opportunity_id = deals.named_deal_id
    left join {{ ref('int_opportunities') }} as opportunities on deals.opportunity_id = opportunities.opportunity_id
    left join {{ source('resolved', 'customer_map') }} as customers
        on leads.source_system = customers.source_system and leads.account_id = customers.source_id
    left join {{ ref('int_rep_lookup') }} as reps
        on leads.source_system = reps.source_system
        and coalesce(leads.owner_id, 'name:' || leads.owner_name) = reps.rep_source_id
    left join {{ ref('lead_status_words') }} as statuses on {{ same_word('leads.status', 'statuses.word') }}
    left join {{ ref('regions') }} as regions on {{ same_word('leads.region', 'regions.word') }}
    {{ join_industry_codes('leads.industry') }}
    where leads.created_on <= run.as_of or leads.created_on is null
),

final as (
    select
        source_system || '|' || source_id as lead_id,
        lead_name,
        company_name,
        coalesce(nullif(trim(channel), ''), 'unmapped') as channel,
        campaign_id,
        region_code as region,
        industry_code,
        coalesce(nullif(trim(product_line), ''), 'unmapped') as product_line,
        case
            when deal_id is not null or opportunity_id is not null or named.converted_on <= as_of then 'converted'
            when status is null then 'unknown'
            else coalesce(word_status_code, 'unmapped')
        end as lead_status_code,
        lead_status_code not in ('converted', 'disqualified') as is_open,
        score,
        case when score is not null then cast(floor(least(score, 99.9999) / band_width) * band_width as bigint) end
            as score_band,
        created_on,
        coalesce(owner_id, owner_name) is not null as has_owner,
        rep_id,
        coalesce(rep_name, owner_name) as owner_name,
        case when assigned_on between created_on and as_of then assigned_on end as assigned_on,
        case when assigned_on between created_on and as_of then assigned_on - created_on end as assignment_days,
        case
            when assigned_on between created_on and as_of
                then if(assigned_on - created_on > assign_days, 'slow', 'in_time')
            when coalesce(owner_id, owner_name) is not null then 'day_unknown'
            when as_of - created_on > assign_days then 'overdue'
            else 'waiting'
        end as assignment_code,
        created_on <= as_of - cast(settled_days as integer) as is_settled,
        -- A system that keeps no day of conversion names the deal: it was made on that day.
        case
            when lead_status_code = 'converted' then coalesce(named.converted_on, greatest(deal_created_on, created_on))
        end as converted_on,
        case
            when lead_status_code <> 'converted' then null
            when named.converted_on is not null then 'lead'
            when deal_created_on is not null then 'deal'
        end as converted_on_source,
        deal_id as opportunity_id,
        coalesce(customer_id, deal_customer_id) as customer_id,
        as_of,
        source_system,
        source_id,
        exported_at,
    from named
)

select * from final
