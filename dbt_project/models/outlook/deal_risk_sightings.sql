-- One row per deal, day on which it is known to have stood open in a stage, and rule that can be replayed: whether it
-- would have been flagged that day, by what was known then.
with

deals as (select * from {{ ref('opportunities') }}),

thresholds as (
    select * from (pivot (select rule, threshold from {{ ref('deal_risk_rules') }}) on rule in (
        'overdue_close_date', 'stalled_in_stage', 'unusually_long', 'pushed_close_date', 'no_recent_contact'
    ) using max(threshold))
),

usual_cycle as (
    select max(p90_days) as usual_cycle_days from {{ ref('sales_cycle') }}
    where level = 'total' and period = 'all_time' and outcome = 'won' and is_enough
),

-- The same yardstick as for today's deals.
stages as (
    select
        usual.*,
        rules.* exclude (stage_code, target_days, stalled_days, because),
    from {{ ref('int_usual_stage_days') }} as usual
    left join {{ ref('stage_rules') }} as rules using (stage_code)
),

observed_plans as (
    select
        opportunity_id,
        observed_on,
        observation_number,
        expected_close_on,
        coalesce(expected_close_on > lag(expected_close_on) over by_deal, false) as is_push,
    from {{ ref('int_opportunity_observations') }}
    where not is_final
    window by_deal as (partition by opportunity_id order by observation_number)
),

plans as (
    select
        opportunity_id,
        observed_on,
        expected_close_on,
        count(*) filter (where is_push) over (partition by opportunity_id order by observation_number) as push_count,
    from observed_plans
    qualify row_number() over (partition by opportunity_id, observed_on order by observation_number desc) = 1
),

-- Of several stages entered on one day the last one counts.
entrances as (
    select opportunity_id, latest_on, arg_max_null(moved_on, stage_number) as moved_on
    from {{ ref('int_stage_entrances') }}
    group by opportunity_id, latest_on
),

sightings as (
    select
        snapshots.opportunity_id,
        snapshots.seen_on,
        snapshots.stage_code,
        deals.source_system,
        date_diff('day', deals.created_on, snapshots.seen_on) as age_days,
        date_diff('day', entrances.moved_on, snapshots.seen_on) as days_in_stage,
        date_diff('day', plans.expected_close_on, snapshots.seen_on) as overdue_days,
        plans.push_count,
        case
            when deals.is_contact_exported
                then date_diff('day', coalesce(contacts.occurred_on, deals.created_on), snapshots.seen_on)
        end as silent_days,
        flags.has_budget,
        flags.has_decision_process,
        flags.has_decision_maker,
        flags.opportunity_id is not null as is_told,
    from {{ ref('int_stage_snapshots') }} as snapshots
    inner join deals on snapshots.opportunity_id = deals.opportunity_id
    asof left join plans on snapshots.opportunity_id = plans.opportunity_id and snapshots.seen_on >= plans.observed_on
    asof left join entrances
        on snapshots.opportunity_id = entrances.opportunity_id and snapshots.seen_on >= entrances.latest_on
    asof left join {{ ref('int_requirements_seen') }} as flags
        on snapshots.opportunity_id = flags.opportunity_id and snapshots.seen_on >= flags.seen_on
    asof left join {{ ref('activities') }} as contacts
        on snapshots.opportunity_id = contacts.opportunity_id and snapshots.seen_on >= contacts.occurred_on
),

judged as (
    select
        sightings.opportunity_id,
        sightings.seen_on,
        sightings.stage_code,
        -- not ntile(): it puts deals of one age into two bands, now these and now those
        cast(4 * (rank() over by_age - 1) // count(*) over in_stage + 1 as bigint) as age_band,
        sightings.overdue_days >= thresholds.overdue_close_date as overdue_close_date,
        sightings.days_in_stage > stages.usual_stage_days
        and sightings.days_in_stage / greatest(stages.usual_stage_days, 1) >= thresholds.stalled_in_stage as stalled_in_stage,
        sightings.age_days > usual_cycle.usual_cycle_days
        and sightings.age_days / greatest(usual_cycle.usual_cycle_days, 1) >= thresholds.unusually_long as unusually_long,
        sightings.push_count >= thresholds.pushed_close_date as pushed_close_date,
        sightings.silent_days >= thresholds.no_recent_contact as no_recent_contact,
        case when sightings.is_told then {{ missing_requirements('stages', 'sightings') }} is not null end
            as entered_unprepared,
    from sightings
    cross join thresholds
    cross join usual_cycle
    left join stages on sightings.source_system = stages.source_system and sightings.stage_code = stages.stage_code
    window
        by_age as (partition by sightings.stage_code order by sightings.age_days),
        in_stage as (partition by sightings.stage_code)
)

unpivot judged on overdue_close_date, stalled_in_stage, unusually_long, pushed_close_date, no_recent_contact, entered_unprepared
into name rule value is_flagged
