-- One row per forecast of a period and deal that was then dated into the period, or was won in it: why what came
-- differs from what the pipeline of that day said.
with

forecasts as (
    select distinct
        as_of,
        split_part(unique_id, '|', 4) as freq,
        period_start,
    from {{ ref('forecast_errors') }}
    where split_part(unique_id, '|', 1) = 'bookings'
),

deals as (select * from {{ ref('opportunities') }}),

-- A deal is as it was last seen by that day; one that was seen for the first time later has no date yet.
seen as (
    select
        cutoffs.as_of,
        observations.opportunity_id,
        observations.expected_close_on,
        observations.amount,
    from {{ ref('int_opportunity_observations') }} as observations
    inner join (select distinct as_of from forecasts) as cutoffs on observations.observed_on <= cutoffs.as_of
    qualify row_number() over (
        partition by cutoffs.as_of, observations.opportunity_id
        order by observations.observation_number desc
    ) = 1
),

compared as (
    select
        forecasts.*,
        {{ period_end('forecasts.freq', 'forecasts.period_start') }} as period_end,
        deals.* exclude (amount_base, amount, expected_close_on),
        coalesce(deals.amount_base, 0) as amount_base,
        coalesce(deals.created_on > forecasts.as_of, false) as is_new,
        seen.expected_close_on,
        coalesce(cast(seen.amount * deals.base_rate as decimal(18, 4)), deals.amount_base, 0) as amount_then_base,
    from forecasts
    inner join deals on forecasts.as_of < coalesce(deals.closed_on, date '9999-12-31')
    left join seen
        on forecasts.as_of = seen.as_of
        and deals.opportunity_id = seen.opportunity_id
),

judged as (
    select
        *,
        coalesce(is_won and closed_on between period_start and period_end, false) as is_won_inside,
        coalesce(not is_new and expected_close_on between period_start and period_end, false) as is_dated_inside,
    from compared
),

final as (
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
        case
            when is_won_inside and is_dated_inside then 'amount_changed'
            when is_won_inside and is_new then 'new'
            when is_won_inside and expected_close_on > period_end then 'pulled_in'
            when is_won_inside and expected_close_on < period_start then 'carried_over'
            when is_won_inside then 'undated'
            when is_won and closed_on < period_start then 'won_early'
            when is_lost and closed_on <= period_end then 'lost'
            else 'slipped'
        end as reason,
        expected_close_on,
        closed_on,
        cast(if(is_dated_inside, amount_then_base, 0) as decimal(18, 4)) as dated_amount_base,
        cast(if(is_won_inside, amount_base, 0) as decimal(18, 4)) as won_amount_base,
    from judged
    where is_won_inside or is_dated_inside
)

select
    *,
    cast(won_amount_base - dated_amount_base as decimal(18, 4)) as effect_base,
from final
