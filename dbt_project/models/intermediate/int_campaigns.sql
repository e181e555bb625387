-- One row per campaign that began by as_of: its channel, its days so far, and its cost in base currency.
with

run as (select * from {{ source('control', 'run') }}),

final as (
    select
        coalesce(campaigns.campaign_id, campaigns.source_id) as campaign_id,
        campaigns.campaign_name,
        coalesce(nullif(trim(campaigns.channel), ''), 'unmapped') as channel,
        campaigns.started_on,
        least(coalesce(campaigns.ended_on, run.as_of), run.as_of) as spent_to,
        -- Cost grows while a campaign runs; it is valued on its last day so far.
        {{ multiply_money('campaigns.cost', 'rates.rate') }} as cost_base,
        campaigns.source_system,
    from {{ ref('stg_campaigns') }} as campaigns
    cross join run
    left join {{ ref('int_exchange_rates') }} as rates
        on coalesce(campaigns.currency, run.base_currency) = rates.currency
        and least(coalesce(campaigns.ended_on, run.as_of), run.as_of) = rates.rate_on
    where campaigns.started_on <= run.as_of
)

select * from final
