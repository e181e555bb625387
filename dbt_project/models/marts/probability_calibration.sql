-- One row per level (total, team, rep) and member: how right the probabilities were that people typed into their deals.
-- Every ended deal counts once, with its mean over the month ends at which it was open.
with

rules as (
    select
        {{ rule('fewest_deals') }} as fewest_deals,
        {{ rule('false_discovery_rate') }} as false_discovery_rate,
    from {{ ref('judgement_rules') }}
),

deals as (
    select
        opportunity_id,
        coalesce(rep_id, 'unmapped') as rep,
        team,
        cast(is_won as integer) as won,
        count(*) as month_count,
        avg(probability order by month_end) as probability,
        avg((probability - cast(is_won as integer)) ** 2 order by month_end) as squared_error,
    from {{ ref('int_probability_months') }}
    group by all
),

level_deals as (
    {{ deals_by_level('deals') }}
),

-- In one order: a mean of doubles depends on it, and a rebuild must give the same rows.
measured as (
    select
        level,
        member,
        count(*) as deal_count,
        sum(month_count) as month_count,
        avg(probability order by opportunity_id) as mean_probability,
        avg(won) as win_rate,
        avg(squared_error order by opportunity_id) as brier,
        avg(probability - won order by opportunity_id) as bias,
        stddev_samp(probability - won order by opportunity_id) / sqrt(count(*)) as bias_error,
    from level_deals
    group by level, member
),

tested as (
    select
        measured.*,
        coalesce(measured.deal_count >= rules.fewest_deals and measured.bias_error > 0, false) as is_tested,
        case
            when is_tested then {{ two_sided_p_value('(measured.bias / measured.bias_error)') }}
        end as p_value,
        rules.false_discovery_rate,
    from measured
    cross join rules
),

-- Y. Benjamini and Y. Hochberg, JRSS B 57 (1995), 289-300: p times the number of tests of the level over the rank of p,
-- and never above that of a larger p.
ranked as (
    select
        *,
        p_value * count(p_value) over (partition by level)
        / row_number() over (partition by level order by p_value nulls last, member) as scaled_p_value,
    from tested
),

final as (
    select
        ranked.level,
        ranked.member,
        reps.rep_name,
        ranked.deal_count,
        cast(ranked.month_count as bigint) as month_count,
        round(ranked.mean_probability, 6) as mean_probability,
        round(ranked.win_rate, 6) as win_rate,
        round(ranked.brier, 6) as brier,
        round(ranked.win_rate * (1 - ranked.win_rate), 6) as brier_of_win_rate,
        round(ranked.bias, 6) as bias,
        round(ranked.bias - 1.959964 * ranked.bias_error, 6) as bias_low_95,
        round(ranked.bias + 1.959964 * ranked.bias_error, 6) as bias_high_95,
        round(ranked.p_value, 6) as p_value,
        case
            when ranked.is_tested
                then round(least(1, min(ranked.scaled_p_value) over (
                    partition by ranked.level
                    order by ranked.p_value desc nulls first, ranked.member desc
                    rows between unbounded preceding and current row
                )), 6)
        end as adjusted_p_value,
        case
            when not ranked.is_tested then 'too_few_deals'
            when adjusted_p_value > ranked.false_discovery_rate then 'not_shown'
            when ranked.bias > 0 then 'too_high'
            else 'too_low'
        end as bias_standing,
    from ranked
    left join {{ ref('int_reps') }} as reps on ranked.level = 'rep' and ranked.member = reps.rep_id
)

select * from final
