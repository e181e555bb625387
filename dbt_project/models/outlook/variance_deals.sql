-- One row per bookings forecast of a period and deal that was expected to close in the period or was won in it: why
-- the actual differs from the pipeline at the cutoff.
with

forecasts as (
    select distinct
        as_of,
        {{ series_part('freq') }} as freq,
        period_start,
    from {{ ref('forecast_errors') }}
    where {{ series_part('metric') }} = 'bookings'
),

-- A deal that is void today was a deal at the cutoff; it ended on the day of its last change.
void_deals as (
    select
        deals.* exclude (region, product_line, team) replace (deals.updated_on as closed_on),
        dimensions.* exclude (opportunity_id, product_id, product_name, channel, deal_type),
        true as is_void,
    from {{ ref('int_void_opportunities') }} as deals
    inner join {{ ref('int_opportunity_dimensions') }} as dimensions using (opportunity_id)
),

deals as (
    select * from {{ ref('opportunities') }}
    union all by name
    select * from void_deals
),

compared as (
    select
        forecasts.*,
        {{ period_end('forecasts.freq', 'forecasts.period_start') }} as period_end,
        deals.* exclude (expected_close_on) replace (coalesce(deals.amount_base, 0) as amount_base),
        coalesce(deals.created_on > forecasts.as_of, false) as is_new,
        snapshots.is_open as was_open,
        snapshots.expected_close_on,
        -- Without an amount at the cutoff the amount is 0: today's amount was not known then.
        coalesce({{ multiply_money('snapshots.amount', 'deals.base_rate') }}, 0) as amount_then_base,
    from forecasts
    cross join deals
    left join {{ ref('deal_snapshots_at_cutoff') }} as snapshots
        on forecasts.as_of = snapshots.as_of and deals.opportunity_id = snapshots.opportunity_id
    -- A deal that had closed, but was still open in the last export, is in the pipeline at the cutoff.
    where snapshots.is_open or deals.closed_on is null or deals.closed_on > forecasts.as_of
),

classified as (
    select
        *,
        coalesce(is_won and closed_on between period_start and period_end, false) as is_won_inside,
        coalesce(not is_new and was_open and expected_close_on between period_start and period_end, false)
            as is_dated_inside,
    from compared
),

final as (
    select
        *,
        case
            when is_won_inside and is_dated_inside then 'amount_changed'
            when is_won_inside and is_new then 'new'
            when is_won_inside and was_open is null then 'not_exported_yet'
            when is_won_inside and not was_open then 'reopened'
            when is_won_inside and expected_close_on > period_end then 'pulled_in'
            when is_won_inside and expected_close_on < period_start then 'carried_over'
            when is_won_inside then 'undated'
            when is_won and closed_on < period_start then 'won_early'
            when is_lost and closed_on <= period_end then 'lost'
            when is_void and coalesce(closed_on <= period_end, true) then 'voided'
            else 'slipped'
        end as reason,
        cast(if(is_dated_inside, amount_then_base, 0) as decimal(18, 4)) as dated_amount_base,
        cast(if(is_won_inside, amount_base, 0) as decimal(18, 4)) as won_amount_base,
    from classified
    where is_won_inside or is_dated_inside
)

select
    as_of,
    freq,
    period_start,
    period_end,
    opportunity_id,
    opportunity_name,
    customer_id,
    owner_name,
    region,
    product_line,
    team,
    reason,
    expected_close_on,
    closed_on,
    dated_amount_base,
    won_amount_base,
    cast(won_amount_base - dated_amount_base as decimal(18, 4)) as effect_base,
from final
