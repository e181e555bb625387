-- One row per rep who owns a deal: open pipeline, deals closed in twelve months, completeness of the deals.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select {{ rule('no_recent_contact') }} as threshold from {{ ref('deal_risk_rules') }}),

deals as (
    select
        owned.*,
        run.as_of,
        owned.closed_on > run.as_of - interval 1 year and owned.closed_on <= run.as_of as is_recent,
        run.as_of - cast(rules.threshold as integer) as silent_from,
        greatest(last_activity_on, cast(updated_at as date)) as touched_on,
    from {{ ref('opportunities') }} as owned
    cross join run
    cross join rules
    where rep_id is not null
),

open_deals as (
    select
        rep_id,
        count(*) as open_count,
        sum(amount_base) as open_amount_base,
        sum(weighted_amount_base) as weighted_amount_base,
        count(*) filter (where is_overdue) as overdue_count,
        avg(push_count) as pushes_per_open_deal,
        avg(
            {{ filled_columns(['customer_id', 'amount_base', 'expected_close_on', 'created_on', 'product_id'], 'deals') }}
            / 5
        ) as filled_share,
        count(*) filter (where is_contact_exported) as contact_known_count,
        avg(cast(coalesce(last_activity_on > silent_from, false) as integer)) filter (where is_contact_exported)
            as contacted_share,
        count(touched_on) as touch_known_count,
        avg(cast(touched_on > silent_from as integer)) as touched_share,
    from deals
    where is_open
    group by rep_id
),

closed_deals as (
    select
        rep_id,
        count(*) as closed_count,
        count(*) filter (where is_won) as won_count,
        sum(amount_base) filter (where is_won) as won_amount_base,
        median(sales_cycle_days) filter (where is_won) as median_cycle_days,
    from deals
    where is_recent and not is_open
    group by rep_id
),

win_rates as (select * from {{ ref('int_rep_win_rates') }}),

weakest_stages as (
    select member as rep_id, arg_min(stage_code, peer_p_value) as stage_code from {{ ref('funnel') }}
    where level = 'rep' and period = 'all_time' and is_below_peers
    group by member
),

final as (
    select
        reps.rep_id,
        reps.rep_name,
        coalesce(reps.team, 'unmapped') as team,
        coalesce(reps.region, 'unmapped') as region,
        reps.is_active,
        coalesce(open_deals.open_count, 0) as open_count,
        cast(coalesce(open_deals.open_amount_base, 0) as decimal(18, 4)) as open_amount_base,
        cast(coalesce(open_deals.weighted_amount_base, 0) as decimal(18, 4)) as weighted_amount_base,
        coalesce(open_deals.overdue_count, 0) as overdue_count,
        open_deals.* exclude (rep_id, open_count, open_amount_base, weighted_amount_base, overdue_count),
        coalesce(closed_deals.closed_count, 0) as closed_count_12m,
        coalesce(closed_deals.won_count, 0) as won_count_12m,
        cast(coalesce(closed_deals.won_amount_base, 0) as decimal(18, 4)) as won_amount_base_12m,
        closed_deals.won_count / closed_deals.closed_count as win_rate_12m,
        {{ wilson('closed_deals.won_count', 'closed_deals.closed_count', -1) }} as win_rate_low_95,
        {{ wilson('closed_deals.won_count', 'closed_deals.closed_count', 1) }} as win_rate_high_95,
        win_rates.peer_win_rate as peer_win_rate_12m,
        win_rates.adjusted_probability as standing_probability,
        win_rates.compared_count,
        win_rates.win_rate_standing,
        closed_deals.median_cycle_days as median_cycle_days_12m,
        weakest_stages.stage_code as weakest_stage_code,
    from {{ ref('int_reps') }} as reps
    left join open_deals using (rep_id)
    left join closed_deals using (rep_id)
    left join win_rates using (rep_id)
    left join weakest_stages using (rep_id)
    where reps.rep_id in (select rep_id from deals)
)

select * from final
