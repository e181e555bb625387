-- One row per version of a quote: its discount against the list price and the floor, and whether that was approved.
with

run as (select * from {{ source('control', 'run') }}),

words as (select * from {{ ref('document_status_words') }}),

bands as (select * from {{ ref('discount_bands') }}),

floor_price as (select min(discount_above) filter (where is_below_floor) as discount_share from bands),

{{ approvals_by_document() }},

versions as (
    select
        quotes.*,
        round(quotes.discount, 6) as discount_share,
        coalesce(words.status_code, if(quotes.status is null, 'unknown', 'unmapped')) as quote_status_code,
        row_number() over (
            partition by quotes.source_system, coalesce(quotes.opportunity_id, quotes.quote_id)
            order by quotes.quoted_on desc, quotes.version desc, quotes.source_id desc
        ) = 1 as is_newest,
        coalesce(quotes.currency, run.base_currency) as known_currency,
    from {{ ref('stg_quotes') }} as quotes
    cross join run
    left join words on words.object = 'quotes' and {{ same_word('quotes.status', 'words.word') }}
    where quotes.quoted_on <= run.as_of
),

final as (
    select
        versions.source_system || '|' || versions.source_id as quote_version_id,
        versions.quote_id,
        versions.version as version_name,
        versions.is_newest,
        versions.quote_status_code,
        deals.opportunity_id,
        coalesce(customers.customer_id, deals.customer_id) as customer_id,
        reps.rep_id,
        versions.quoted_on,
        versions.currency,
        versions.amount,
        {{ multiply_money('versions.amount', 'rates.rate') }} as amount_base,
        versions.discount_share,
        cast({{ multiply_money('versions.amount', 'rates.rate') }} / (1 - versions.discount_share) as decimal(18, 4))
            as list_base,
        cast(list_base * (1 - floor_price.discount_share) as decimal(18, 4)) as floor_base,
        bands.is_below_floor,
        coalesce(bands.band_code, 'unknown') as discount_band_code,
        bands.needed_approval_count,
        coalesce(approvals.approved_count, 0) as approved_count,
        case
            when bands.needed_approval_count is null then 'unknown'
            when bands.needed_approval_count = 0 then 'not_needed'
            when approvals.refused_count > 0 then 'refused'
            when approvals.approved_count >= bands.needed_approval_count then 'approved'
            when approvals.pending_count > 0 then 'pending'
            when approvals.approved_count > 0 then 'incomplete'
            else 'missing'
        end as approval_code,
        approvals.last_approved_on,
        case when approval_code = 'approved' then approvals.last_approved_on > versions.quoted_on end as is_approved_late,
        versions.source_system,
        versions.source_id,
        versions.exported_at,
    from versions
    cross join floor_price
    left join {{ ref('int_deal_lookup') }} as deals
        on versions.source_system = deals.source_system and versions.opportunity_id = deals.named_deal_id
    left join {{ source('resolved', 'customer_map') }} as customers
        on versions.source_system = customers.source_system and versions.account_source_id = customers.source_id
    left join {{ ref('int_rep_lookup') }} as reps
        on versions.source_system = reps.source_system
        and coalesce(versions.owner_id, 'name:' || versions.owner_name) = reps.rep_source_id
    left join {{ ref('int_exchange_rates') }} as rates
        on versions.known_currency = rates.currency and versions.quoted_on = rates.rate_on
    asof left join bands on coalesce(versions.discount_share, -1e9) > bands.discount_above
    left join approvals on versions.source_id = approvals.document_id
)

select * from final
