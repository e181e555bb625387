-- One row per dimension member, period of entry and stage: how many of the deals that entered have moved on.
with

run as (select * from {{ source('control', 'run') }}),

entries as (select * from {{ ref('int_stage_entries') }}),

members as (select * from {{ ref('int_opportunity_members') }}),

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period <> 'week'
),

-- How long nine of ten deals need to move on or to be lost: a younger cohort has not finished.
settling_times as (
    select
        stage_code,
        quantile_cont(days_to_outcome, 0.9) as settling_days,
    from entries
    where days_to_outcome is not null
    group by stage_code
),

cohorts as (
    select
        members.level,
        members.member,
        periods.period,
        periods.period_start,
        periods.period_end,
        entries.stage_code,
        entries.stage_order,
        count(*) as entered_count,
        count(*) filter (where entries.outcome = 'forward') as forward_count,
        count(*) filter (where entries.outcome = 'lost') as lost_count,
        count(*) filter (where entries.outcome = 'still_open') as still_open_count,
        sum(entries.amount_base) as entered_amount_base,
        sum(entries.amount_base) filter (where entries.outcome = 'forward') as forward_amount_base,
        median(entries.days_to_outcome) filter (where entries.outcome = 'forward') as median_days_to_forward,
    from entries
    inner join members using (opportunity_id)
    inner join periods on entries.entered_on between periods.period_start and periods.period_end
    group by all
),

judged_cohorts as (
    select
        cohorts.*,
        settling_times.settling_days,
        cohorts.forward_count / cohorts.entered_count as conversion_rate,
        {{ wilson('cohorts.forward_count', 'cohorts.entered_count', -1) }} as conversion_low_95,
        {{ wilson('cohorts.forward_count', 'cohorts.entered_count', 1) }} as conversion_high_95,
        (cohorts.forward_count + cohorts.still_open_count) / cohorts.entered_count as highest_possible_conversion_rate,
        cohorts.still_open_count = 0
        or coalesce(cohorts.period_end + to_days(cast(ceil(settling_times.settling_days) as integer)) <= run.as_of, false)
            as is_mature,
    from cohorts
    cross join run
    left join settling_times using (stage_code)
),

final as (
    select
        * exclude (period_end),
        case when still_open_count > 0 then
            still_open_count || ' of ' || entered_count || ' deals are still in the stage: the conversion will end between '
            || round(100 * conversion_rate) || ' % and ' || round(100 * highest_possible_conversion_rate) || ' %'
        end as censoring_note,
        -- Thirty deals: below that the interval is wider than the differences between stages.
        coalesce(
            is_mature and entered_count >= 30 and conversion_rate = min(conversion_rate)
                filter (where is_mature and entered_count >= 30 and stage_order > 0)
                over (partition by level, member, period, period_start)
            and stage_order > 0,
            false
        ) as is_weakest_stage,
    from judged_cohorts
)

select * from final
