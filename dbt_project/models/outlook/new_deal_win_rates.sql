-- One row per current target that still runs: how likely a new deal of its segment is to be won inside its period, and on
-- which days it is best created.
with

rules as (
    select {{ rule('creation_stretch') }} as stretch from {{ ref('process_rules') }}
),

deals as (select * from {{ ref('int_new_deals') }}),

targets as (
    select
        targets.target_id,
        targets.as_of,
        targets.period_start,
        targets.period_end,
        segments.* exclude (level, member),
    from {{ ref('target_progress') }} as targets
    inner join {{ ref('int_new_deal_segments') }} as segments using (level, member)
    where targets.period_end > targets.as_of
),

-- A deal created on a day is won inside the period if its cycle takes from from_days to to_days.
creation_days as (
    select
        *,
        cast(unnest(generate_series(as_of + 1, period_end, interval 7 day)) as date) as created_on,
        greatest(date_diff('day', created_on, period_start), 0) as from_days,
        date_diff('day', created_on, period_end) as to_days,
    from targets
),

windows as (select distinct judged_level, judged_member, as_of, from_days, to_days from creation_days),

-- Deals that have had the time, of at most two more years.
win_rates as (
    select
        windows.*,
        count(*) as eligible_count,
        count(*) filter (where deals.is_won and deals.sales_cycle_days between windows.from_days and windows.to_days)
            as won_in_time_count,
        won_in_time_count / count(*) as win_rate,
    from windows
    inner join deals
        on windows.judged_level = deals.level
        and windows.judged_member = deals.member
        and date_diff('day', deals.created_on, windows.as_of) between windows.to_days and windows.to_days + 730
    group by all
),

rated_days as (
    select
        creation_days.target_id,
        creation_days.created_on,
        win_rates.* exclude (judged_level, judged_member, as_of, from_days, to_days),
        max(win_rates.win_rate) over (partition by creation_days.target_id) as best_win_rate,
    from creation_days
    inner join win_rates using (judged_level, judged_member, as_of, from_days, to_days)
),

-- The best days are those with at least nine tenths of the best chance.
best_days as (
    select
        target_id,
        any_value(best_win_rate) as closable_win_rate,
        -- of equal chances the one that most deals speak for
        arg_max(eligible_count, (win_rate, eligible_count)) as eligible_count,
        arg_max(won_in_time_count, (win_rate, eligible_count)) as won_in_time_count,
        min(created_on) filter (where win_rate >= 0.9 * best_win_rate and win_rate > 0) as best_creation_from,
        max(created_on) filter (where win_rate >= 0.9 * best_win_rate and win_rate > 0) as best_creation_to,
        sum(win_rate order by created_on) * 7 as wins_per_daily_deal,
    from rated_days
    group by target_id
),

final as (
    select
        targets.target_id,
        targets.is_own_segment,
        best_days.* exclude (target_id, wins_per_daily_deal),
        targets.won_count,
        targets.average_won_amount_base,
        targets.median_cycle_days,
        targets.usual_creations_per_day,
        targets.usual_creations_per_day * rules.stretch * best_days.wins_per_daily_deal * targets.average_won_amount_base
            as reachable_base,
    from targets
    cross join rules
    left join best_days using (target_id)
)

select * from final
