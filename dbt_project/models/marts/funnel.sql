-- One row per dimension member, period, stage and the stages that its word covers: of the deals that got as far, the
-- share that got further, and the days they spent there.
with

conversions as (select * from {{ ref('int_stage_conversions') }}),

final as (
    select
        level,
        member,
        period,
        period_start,
        stage_code,
        cast(stage_order as bigint) as stage_order,
        stages_covered,
        basis,
        cohort,
        cast(deal_count as bigint) as deal_count,
        cast(coalesce(left_out_deal_count, 0) as bigint) as left_out_deal_count,
        cast(reached_count as bigint) as reached_count,
        round(conversion_rate, 6) as conversion_rate,
        round(conversion_low_95, 6) as conversion_low_95,
        round(conversion_high_95, 6) as conversion_high_95,
        round(mean_days, 2) as mean_days,
        round(mean_days_low_95, 2) as mean_days_low_95,
        round(mean_days_high_95, 2) as mean_days_high_95,
        cast(coalesce(finished_stays, 0) as bigint) as finished_stays,
        median_days,
        round(p90_days, 2) as p90_days,
        case when basis in ('dated_exports_estimate', 'mixed') then cast(lost_deals_used as bigint) end as lost_deals_used,
        case when basis in ('dated_exports_estimate', 'mixed') then cast(look_days as bigint) end as look_days,
        case when basis in ('dated_exports_estimate', 'mixed') then cast(export_count as bigint) end as export_count,
        case when basis in ('dated_exports_estimate', 'mixed') then export_gap_days end as export_gap_days,
        cast(exact_reached_count as bigint) as exact_reached_count,
        cast(exact_forward_count as bigint) as exact_forward_count,
        is_comparable,
        why_not,
        is_weakest_stage,
        round(peer_conversion_rate, 6) as peer_conversion_rate,
        peer_p_value,
        is_below_peers,
        -- Estimates say so in words, so that a chart's tooltip can.
        case
            when basis in ('dated_exports_estimate', 'mixed')
                then
                    'Estimated from ' || cast(export_count as bigint) || ' dated exports about '
                    || cast(round(export_gap_days) as bigint) || ' days apart: which stage deals were lost from is taken'
                    || ' from the ' || cast(lost_deals_used as bigint) || ' lost deals whose last export lies at most '
                    || cast(look_days as bigint) || ' days before the loss. 95 of 100 such intervals contain the value'
                    || ' that the full history would give.'
        end as basis_note,
    from conversions
)

select * from final
