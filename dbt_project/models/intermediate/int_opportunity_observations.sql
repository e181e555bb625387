-- One row per deal, void ones included, and instant at which its state is known: from its system's own history where
-- that is exported, otherwise from every dated export that carried it; the current state comes last. What lists repeat of
-- a deal after its closing day is told by the first and the last of them.
with

run as (select * from {{ source('control', 'run') }}),

-- Numbered, because millions of rows are sorted by deal: by its id that takes longer.
deals as (
    select
        *,
        row_number() over () as deal_number,
    from (
        select * from {{ ref('int_opportunities') }}
        union all
        select * from {{ ref('int_void_opportunities') }}
    )
),

outcomes as (select * from {{ ref('int_stage_outcomes') }}),

{{ observed_deals() }},

past_states as (
    select
        observed.* exclude (stage, status, void_stage_code),
        coalesce(observed.void_stage_code, outcomes.stage_code) as stage_code,
        observed.void_stage_code is null and outcomes.stage_type in ('won', 'lost') as has_ended,
        false as is_final,
    from observed
    left join outcomes
        on observed.stage = outcomes.source_stage_code
        and observed.status is not distinct from outcomes.source_status
    where outcomes.stage_code is not null
),

current_states as (
    select
        deals.deal_number,
        deals.opportunity_id,
        deals.exported_at as observed_at,
        {{ local_date('deals.exported_at') }} as observed_on,
        export_days.previous_export_on,
        deals.amount,
        deals.expected_close_on,
        deals.updated_at,
        coalesce(sources.source, 'dated_exports') as source,
        '' as tie_breaker,
        deals.stage_code,
        true as is_final,
    from deals
    cross join run
    left join export_days using (source_system, exported_at)
    left join (select distinct opportunity_id, source from observed) as sources using (opportunity_id)
),

-- Left out before they are sorted: most rows of full lists repeat deals that ended long ago.
repeated as (
    select
        deal_number,
        min(observed_at) as first_at,
        max(observed_at) as last_at,
    from past_states
    where observed_on > closed_on
    group by deal_number
    having
        bool_and(has_ended)
        and {{ is_one_value('stage_code') }}
        and {{ is_one_value('amount') }}
        and {{ is_one_value('expected_close_on') }}
),

told_states as (
    select past_states.* exclude (has_ended, closed_on)
    from past_states
    left join repeated using (deal_number)
    where repeated.deal_number is null or observed_at <= first_at or observed_at >= last_at
),

known_states as (
    select * from told_states
    union all by name
    select * from current_states
),

-- In one window: these are the longest rows that are sorted.
ordered_states as (
    select
        * exclude (tie_breaker),
        row_number() over by_deal as observation_number,
        lag(observed_on) over by_deal as previous_observed_on,
        coalesce(stage_code <> lag(stage_code) over by_deal, true) as is_move,
    from known_states
    window by_deal as (partition by deal_number order by is_final, observed_at, tie_breaker)
),

-- A -> B -> A is three stays: numbering the changes, not the stages, keeps them apart.
final as (
    select
        * exclude (deal_number),
        count(*) filter (where is_move) over (
            partition by deal_number order by observation_number
        ) as stage_number,
    from ordered_states
)

select * from final
