-- One row per level (total, team, rep), member and bin of the typed-in probability: what was typed in and what came.
-- A deal counts once per bin in which it stood at a month end.
with

bins as (
    select cast(max(threshold) as bigint) as bin_count
    from {{ ref('judgement_rules') }}
    where rule = 'curve_bins'
),

deals as (
    select
        opportunity_id,
        coalesce(rep_id, 'unmapped') as rep,
        team,
        is_won,
        cast(least(bins.bin_count, floor(round(probability * bins.bin_count, 9)) + 1) as bigint) as bin_number,
        bins.bin_count,
        count(*) as month_count,
        avg(probability) as probability,
    from {{ ref('int_probability_months') }}
    cross join bins
    group by all
),

level_deals as (
    {{ deals_by_level('deals') }}
),

final as (
    select
        level,
        member,
        bin_number,
        (bin_number - 1) / any_value(bin_count) as lowest_probability,
        bin_number / any_value(bin_count) as highest_probability,
        count(*) as deal_count,
        cast(sum(month_count) as bigint) as month_count,
        count(*) filter (where is_won) as won_count,
        -- of exact numbers: the mean of doubles depends on the order in which rows come
        round(avg(cast(probability as decimal(18, 12))), 6) as mean_probability,
        round(won_count / deal_count, 6) as win_rate,
        {{ wilson('won_count', 'deal_count', -1) }} as win_rate_low_95,
        {{ wilson('won_count', 'deal_count', 1) }} as win_rate_high_95,
    from level_deals
    group by level, member, bin_number
)

select * from final
