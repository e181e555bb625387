-- One row per stage: the share of the company's own deals standing there that were won in the end, and what is used of it.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select {{ rule('min_probability_deals') }} as min_deals from {{ ref('process_rules') }}
),

-- A deal that was closed before the day on which it stood open was opened again, or has a wrong day: its end says nothing.
outcomes as (
    select
        snapshots.*,
        deals.stage_type = 'won' as is_won,
        deals.stage_type = 'open' as is_open,
        date_diff('day', snapshots.seen_on, deals.closed_on) as remaining_days,
        date_diff('day', snapshots.seen_on, run.as_of) as days_known,
    from {{ ref('int_stage_snapshots') }} as snapshots
    cross join run
    inner join {{ ref('int_opportunities') }} as deals using (opportunity_id)
    where deals.stage_type = 'open' or deals.closed_on between snapshots.seen_on and run.as_of
),

-- Deals are lost and won at different speeds: only days from which nine of ten deals have ended by as_of tell the share.
settling as (
    select
        stage_code,
        cast(ceil(quantile_cont(remaining_days, 0.9)) as bigint) as settling_days,
    from outcomes
    where not is_open
    group by stage_code
),

settled as (
    select
        outcomes.*,
        settling.settling_days,
    from outcomes
    inner join settling using (stage_code)
    where outcomes.days_known >= settling.settling_days
),

bases as (
    select 'exact_history' as basis, 'exact_history' as seen_basis, 1 as basis_order
    union all
    select 'last_seen', 'exact_history', 2
    union all
    select 'last_seen', 'dated_exports', 2
),

-- A deal stands in a stage for several months: the share is over its days, and n are the deals.
shares as (
    select
        settled.stage_code,
        bases.basis,
        bases.basis_order,
        any_value(settled.settling_days) as settling_days,
        avg(cast(settled.is_won as integer)) filter (where not settled.is_open) as own_win_share,
        count(distinct settled.opportunity_id) filter (where not settled.is_open) as own_deal_count,
        count(distinct settled.opportunity_id) filter (where settled.is_open) as still_open_count,
    from settled
    inner join bases on settled.basis = bases.seen_basis
    group by settled.stage_code, bases.basis, bases.basis_order
),

best_shares as (
    select shares.*
    from shares
    cross join rules
    qualify row_number() over (
        partition by stage_code
        order by shares.own_deal_count >= rules.min_deals desc, if(own_deal_count >= min_deals, basis_order, -basis_order)
    ) = 1
),

final as (
    select
        stages.stage_code,
        stages.stage_order,
        stages.stage_type,
        case
            when stages.stage_type = 'open' and shares.own_deal_count >= rules.min_deals then shares.basis else 'seed'
        end as probability_basis,
        case when probability_basis = 'seed' then stages.default_probability else shares.own_win_share end as probability,
        stages.default_probability,
        shares.own_win_share,
        {{ wilson('(shares.own_win_share * shares.own_deal_count)', 'shares.own_deal_count', -1) }} as own_share_low_95,
        {{ wilson('(shares.own_win_share * shares.own_deal_count)', 'shares.own_deal_count', 1) }} as own_share_high_95,
        coalesce(shares.own_deal_count, 0) as own_deal_count,
        coalesce(shares.still_open_count, 0) as still_open_count,
        shares.settling_days,
    from {{ ref('stages') }} as stages
    cross join rules
    left join best_shares as shares using (stage_code)
)

select * from final
