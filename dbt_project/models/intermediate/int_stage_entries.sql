-- One row per real deal and open stage with an observed entry, plus one for its creation (stage `created`), with the
-- outcome.
with

stays as (select * from {{ ref('int_stage_history') }}),

deals as (select * from {{ ref('int_opportunities') }}),

first_entries as (
    select
        opportunity_id,
        stage_code,
        stage_order,
        min(stage_number) as stage_number,
        arg_min(entered_on, stage_number) as entered_on,
        arg_min(amount_base, stage_number) as amount_base,
    from stays
    where stage_type = 'open'
    group by opportunity_id, stage_code, stage_order
    having arg_min(is_entry_observed, stage_number)
),

forward_moves as (
    select
        first_entries.opportunity_id,
        first_entries.stage_code,
        min(stays.entered_on) as moved_on,
    from first_entries
    inner join stays
        on first_entries.opportunity_id = stays.opportunity_id
        and first_entries.stage_number < stays.stage_number
        and first_entries.stage_order < stays.stage_order
    where stays.stage_type in ('open', 'won')
    group by all
),

stage_outcomes as (
    select
        first_entries.opportunity_id,
        first_entries.stage_code,
        first_entries.stage_order,
        first_entries.entered_on,
        first_entries.amount_base,
        case
            when forward_moves.moved_on is not null then 'forward'
            when deals.stage_type = 'lost' then 'lost'
            else 'still_open'
        end as outcome,
        coalesce(forward_moves.moved_on, deals.closed_on) as outcome_on,
    from first_entries
    inner join deals on first_entries.opportunity_id = deals.opportunity_id
    left join forward_moves
        on first_entries.opportunity_id = forward_moves.opportunity_id
        and first_entries.stage_code = forward_moves.stage_code
),

creations as (
    select
        opportunity_id,
        'created' as stage_code,
        0 as stage_order,
        created_on as entered_on,
        amount_base,
        case stage_type when 'won' then 'forward' when 'lost' then 'lost' else 'still_open' end as outcome,
        closed_on as outcome_on,
    from deals
    where created_on is not null
),

entries as (
    select * from stage_outcomes
    union all by name
    select * from creations
),

final as (
    select
        *,
        case when outcome <> 'still_open' then greatest(date_diff('day', entered_on, outcome_on), 0) end
            as days_to_outcome,
    from entries
)

select * from final
