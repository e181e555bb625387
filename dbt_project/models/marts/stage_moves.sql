-- One row per move of a deal into a stage, as it is seen: from where, when, and whether the process allows it.
with

entrances as (
    select
        *,
        lag(stage_code) over deal_moves as from_stage_code,
        lag(stage_order) over deal_moves as from_stage_order,
        lag(stage_type) over deal_moves as from_stage_type,
        lag(moved_on) over deal_moves as previous_moved_on,
        lag(latest_on) over deal_moves as previous_latest_on,
    from {{ ref('int_stage_entrances') }}
    window deal_moves as (partition by opportunity_id order by stage_number)
),

-- The open stages that a system shows at all, in their order: only those can be left out there.
ladder as (
    select
        source_system,
        list(distinct stage_order) filter (where stage_type = 'open') as stage_orders,
    from {{ ref('int_stage_entrances') }}
    group by source_system
),

rules as (
    select {{ rule('period_end_days') }} as period_end_days from {{ ref('process_rules') }}
),

-- The first stage of a deal is its creation where the system tells so; else the deal may have come from anywhere.
seen_moves as (
    select
        entrances.*,
        rules.period_end_days,
        entrances.from_stage_code is null
        and entrances.is_exact and entrances.stage_type = 'open' as is_creation,
        case
            when entrances.stage_type = 'open' and entrances.from_stage_type = 'open'
                then len(list_filter(
                    ladder.stage_orders, n -> n > entrances.from_stage_order and n < entrances.stage_order
                ))
        end as passed_count,
    from entrances
    cross join rules
    left join ladder using (source_system)
),

final as (
    select
        moves.opportunity_id,
        moves.stage_number as move_number,
        case
            when moves.is_creation then 'created'
            when moves.stage_type in ('won', 'lost') then moves.stage_type
            when moves.from_stage_code is null then 'first_seen'
            when moves.from_stage_type <> 'open' then 'reopened'
            when moves.stage_order < moves.from_stage_order then 'backward'
            when moves.passed_count = 0 then 'next'
            when moves.is_recorded then 'skipped'
            else 'forward'
        end as move_code,
        moves.from_stage_code,
        moves.stage_code as to_stage_code,
        moves.moved_on,
        moves.earliest_on,
        moves.latest_on,
        moves.is_exact,
        moves.is_recorded,
        case when moves.is_recorded or moves.passed_count = 0 then moves.passed_count end as skipped_stage_count,
        case
            when moves.from_stage_code is null then false
            when moves.previous_moved_on is not null and moves.is_exact then moves.moved_on = moves.previous_moved_on
            when moves.previous_latest_on < moves.earliest_on then false
        end as is_same_day,
        case when moves.is_exact then last_day(moves.moved_on) - moves.moved_on < moves.period_end_days end
            as is_period_end_day,
        case
            when moves.from_stage_code is null and not moves.is_creation then null
            when allowed.is_one_move then true
            when moves.is_recorded or allowed.is_one_move is null then false
        end as is_allowed,
        coalesce(preparation.preparation_code, 'not_required') as preparation_code,
        preparation.missing as missing_at_entry,
        moves.source_system,
    from seen_moves as moves
    left join {{ ref('int_allowed_moves') }} as allowed
        on moves.source_system = allowed.source_system
        and coalesce(moves.from_stage_code, 'created') = allowed.from_stage_code
        and moves.stage_code = allowed.to_stage_code
    left join {{ ref('int_stage_preparation') }} as preparation
        on moves.opportunity_id = preparation.opportunity_id and moves.stage_number = preparation.stage_number
)

select * from final
