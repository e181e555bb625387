-- One row per dimension member and period: how many moves of deals kept to the process, and how those that did not left it.
with

moves as (select * from {{ ref('stage_moves') }}),

rules as (select {{ rule('min_moves') }} as min_moves from {{ ref('process_rules') }}),

members as (
    select
        opportunity_id,
        cast(null as bigint) as move_number,
        level,
        member,
    from {{ ref('int_opportunity_members') }}
    where level in ('total', 'region', 'team', 'rep')
    union all
    select
        opportunity_id,
        move_number,
        'stage' as level,
        to_stage_code as member,
    from moves
),

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period <> 'week'
),

-- Between two exports a departure from the process stays unseen, and a move that keeps to it does not: rates over them
-- would flatter. They are taken from systems with a history of their own.
judged as (
    select
        *,
        is_recorded and from_stage_code is not null as is_judged,
        is_recorded and skipped_stage_count is not null as is_between_open,
        move_code = 'won' and is_exact as is_dated_win,
    from moves
),

-- A move without a day counts in the period in which it was seen.
counted as (
    select
        members.level,
        members.member,
        periods.period,
        periods.period_start,
        count(*) as move_count,
        count(*) filter (where judged.is_judged) as judged_count,
        count(*) filter (where judged.is_judged and judged.is_allowed) as allowed_count,
        count(*) filter (where judged.is_between_open) as between_open_count,
        count(*) filter (where judged.is_between_open and judged.skipped_stage_count > 0) as skipped_count,
        count(*) filter (where judged.is_between_open and judged.move_code = 'backward') as backward_count,
        count(*) filter (where judged.is_judged and judged.move_code = 'reopened') as reopened_count,
        count(*) filter (where judged.is_judged and judged.is_same_day) as same_day_count,
        count(*) filter (where judged.is_dated_win) as dated_won_count,
        count(*) filter (where judged.is_dated_win and judged.is_period_end_day) as period_end_won_count,
        count(*) filter (where judged.preparation_code = 'prepared') as prepared_count,
        count(*) filter (where judged.preparation_code = 'unprepared') as unprepared_count,
        count(*) filter (where judged.preparation_code = 'unknown') as preparation_unknown_count,
        prepared_count + unprepared_count + preparation_unknown_count as requiring_count,
    from judged
    inner join members
        on judged.opportunity_id = members.opportunity_id
        and coalesce(members.move_number, judged.move_number) = judged.move_number
    inner join periods on judged.latest_on between periods.period_start and periods.period_end
    group by all
),

final as (
    select
        counted.* exclude (requiring_count),
        allowed_count / nullif(judged_count, 0) as adherence_rate,
        {{ wilson('allowed_count', 'judged_count', -1) }} as adherence_low_95,
        {{ wilson('allowed_count', 'judged_count', 1) }} as adherence_high_95,
        skipped_count / nullif(between_open_count, 0) as skipped_rate,
        backward_count / nullif(between_open_count, 0) as backward_rate,
        same_day_count / nullif(judged_count, 0) as same_day_rate,
        period_end_won_count / nullif(dated_won_count, 0) as period_end_share,
        -- What no export says may be either: the share lies between the two.
        unprepared_count / nullif(requiring_count, 0) as lowest_unprepared_share,
        (unprepared_count + preparation_unknown_count) / nullif(requiring_count, 0) as highest_unprepared_share,
        coalesce(judged_count >= rules.min_moves, false) as is_enough,
    from counted
    cross join rules
)

select * from final
