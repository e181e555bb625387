-- One row per current target: the gap to actual plus forecast, and the new deals that would close it.
with

progress as (select * from {{ ref('target_progress') }}),

win_rates as (select * from {{ ref('new_deal_win_rates') }}),

working_days as (
    select
        progress.target_id,
        count(*) filter (where days.is_working_day and days.day <= progress.as_of)
        / nullif(count(*) filter (where days.is_working_day), 0) as elapsed_share,
    from progress
    inner join {{ ref('int_calendar_days') }} as days
        on days.day between progress.period_start and progress.period_end
    group by progress.target_id
),

measured as (
    select
        progress.*,
        working_days.elapsed_share,
        round(progress.closed_amount + progress.forecast_rest, 4) as expected_amount,
        round(progress.amount_base - progress.closed_amount - progress.forecast_rest, 4) as gap,
        greatest(date_diff('day', progress.as_of, progress.period_end), 0) as days_left,
    from progress
    left join working_days using (target_id)
),

planned as (
    select
        measured.*,
        win_rates.* exclude (target_id),
        -- Only deals are created to close a gap: pieces and customers are not.
        measured.metric in ('bookings', 'revenue') and measured.gap > 0 and measured.days_left > 0 as is_deal_gap,
        -- Expected amount of a new deal; unknown where won deals have no amount, or returns outweigh it.
        case
            when win_rates.average_won_amount_base > 0
                then nullif(win_rates.average_won_amount_base * win_rates.closable_win_rate, 0)
        end as amount_per_new_deal,
    from measured
    left join win_rates using (target_id)
),

final as (
    select
        target_id,
        metric,
        level,
        member,
        period,
        period_start,
        period_end,
        version,
        target_basis,
        as_of,
        cast(amount_base as double) as target_amount,
        closed_amount,
        forecast_rest,
        forecast_rest_low_80,
        forecast_rest_high_80,
        forecast_basis,
        expected_amount,
        gap,
        closed_amount / nullif(amount_base, 0) as attainment,
        expected_amount / nullif(amount_base, 0) as expected_attainment,
        {{ reach_probability(
            'amount_base - closed_amount', 'forecast_rest', 'forecast_rest_low_80', 'forecast_rest_high_80'
        ) }} as reach_probability,
        elapsed_share,
        closed_amount / nullif(amount_base, 0) / nullif(elapsed_share, 0) as pace,
        open_amount_base,
        open_amount_base / nullif(amount_base, 0) as coverage_of_target,
        open_amount_base / nullif(greatest(amount_base - closed_amount, 0), 0) as coverage_of_rest,
        cast(days_left as bigint) as days_left,
        case when is_deal_gap then average_won_amount_base end as average_won_amount_base,
        case when is_deal_gap then closable_win_rate end as closable_win_rate,
        case when is_deal_gap then cast(ceil(gap / amount_per_new_deal) as bigint) end as new_opportunities_needed,
        case when is_deal_gap then best_creation_from end as best_creation_from,
        case when is_deal_gap then best_creation_to end as latest_creation_on,
        case when is_deal_gap then expected_amount + reachable_base end as reachable_amount,
        case
            when gap is null then 'unknown'
            when gap <= 0 then 'on_target'
            when days_left = 0 then 'missed'
            when not is_deal_gap then 'open'
            when closable_win_rate = 0 then 'no_longer_possible'
            when amount_per_new_deal is null then 'unknown'
            when gap > reachable_base then 'out_of_reach'
            else 'possible'
        end as outlook,
    from planned
)

select * from final
