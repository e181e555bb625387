-- One row per dimension member, period of entry and stage: how many of the deals that entered have moved on.
with

run as (select * from {{ source('control', 'run') }}),

entries as (select * from {{ ref('int_stage_entries') }}),

members as (select * from {{ ref('int_opportunity_members') }}),

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period <> 'week'
),

-- The 90th percentile of the days to move on or to be lost: a younger entry is not settled.
settling_times as (
    select
        stage_code,
        cast(ceil(quantile_cont(days_to_outcome, 0.9)) as bigint) as settling_days,
    from entries
    where days_to_outcome is not null
    group by stage_code
),

aged_entries as (
    select
        entries.*,
        settling_times.settling_days,
        entries.outcome = 'forward' as is_forward,
        entries.outcome = 'still_open' as is_undecided,
        coalesce(date_diff('day', entries.entered_on, run.as_of) >= settling_times.settling_days, false) as is_settled,
    from entries
    cross join run
    left join settling_times using (stage_code)
),

cohorts as (
    select
        members.level,
        members.member,
        periods.period,
        periods.period_start,
        entries.stage_code,
        entries.stage_order,
        entries.settling_days,
        count(*) as entered_count,
        count(*) filter (where entries.is_forward) as forward_count,
        count(*) filter (where entries.outcome = 'lost') as lost_count,
        count(*) filter (where entries.is_undecided) as still_open_count,
        count(*) filter (where entries.is_settled) as settled_count,
        count(*) filter (where entries.is_settled and entries.is_forward) as settled_forward_count,
        cast(sum(entries.amount_base) as decimal(18, 4)) as entered_amount_base,
        cast(sum(entries.amount_base) filter (where entries.is_forward) as decimal(18, 4)) as forward_amount_base,
        median(entries.days_to_outcome) filter (where entries.is_forward) as median_days_to_forward,
        bool_and(entries.is_settled or not entries.is_undecided) as is_mature,
    from aged_entries as entries
    inner join members using (opportunity_id)
    inner join periods on entries.entered_on between periods.period_start and periods.period_end
    group by all
),

rated_cohorts as (
    select
        *,
        forward_count / entered_count as conversion_rate,
        {{ wilson('forward_count', 'entered_count', -1) }} as conversion_low_95,
        {{ wilson('forward_count', 'entered_count', 1) }} as conversion_high_95,
        (forward_count + still_open_count) / entered_count as highest_possible_conversion_rate,
        settled_forward_count / nullif(settled_count, 0) as settled_conversion_rate,
        -- Thirty deals: below that the interval is wider than the differences between stages.
        settled_count >= 30 and stage_order > 0 as is_comparable,
    from cohorts
),

final as (
    select
        * exclude (is_comparable),
        case
            when still_open_count > 0
                then
                    still_open_count || ' of ' || entered_count
                    || ' deals are still in the stage: the conversion will end between '
                    || cast(round(100 * conversion_rate) as integer) || ' % and '
                    || cast(round(100 * highest_possible_conversion_rate) as integer) || ' %'
        end as censoring_note,
        is_comparable and settled_conversion_rate = min(settled_conversion_rate) filter (where is_comparable) over (
            partition by level, member, period, period_start
        ) as is_weakest_stage,
    from rated_cohorts
)

select * from final
