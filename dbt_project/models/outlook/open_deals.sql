-- One row per open deal, with the reference values for its stage, its age and its amount.
with

run as (select * from {{ source('control', 'run') }}),

deals as (select * from {{ ref('opportunities') }}),

stages as (select * from {{ ref('int_usual_stage_days') }}),

usual_cycle as (
    select max(p90_days) as usual_cycle_days
    from {{ ref('sales_cycle') }}
    where level = 'total' and period = 'all_time' and outcome = 'won' and is_enough
),

-- Amounts are skewed, so outliers are measured on logarithms, against the median, which outliers do not move.
centre as (
    select median(ln(amount_base)) as log_median
    from deals
    where amount_base > 0
),

spread as (
    select
        any_value(centre.log_median) as log_median,
        nullif(median(abs(ln(deals.amount_base) - centre.log_median)), 0) as log_deviation,
    from deals
    cross join centre
    where deals.amount_base > 0
),

-- A list without a column says nothing of any deal: a rule about that column does not apply to it.
exported_columns as (
    select
        source_system,
        bool_or(owner_id is not null or owner_name is not null) as is_owner_exported,
        bool_or(coalesce(amount_base, 0) <> 0) as is_amount_exported,
    from deals
    group by source_system
),

final as (
    select
        deals.opportunity_id,
        deals.opportunity_name,
        deals.customer_id,
        deals.rep_id,
        deals.owner_id,
        coalesce(deals.rep_name, deals.owner_name) as owner_name,
        exported_columns.is_owner_exported,
        exported_columns.is_amount_exported,
        deals.stage_code,
        deals.amount_base,
        deals.expected_close_on,
        date_diff('day', deals.expected_close_on, run.as_of) as overdue_days,
        deals.push_count,
        deals.pushed_days,
        deals.days_in_stage,
        deals.days_in_stage_at_least,
        stages.usual_stage_days,
        deals.age_days,
        usual_cycle.usual_cycle_days,
        round(exp(spread.log_median), 2) as median_amount_base,
        -- Modified z-score: B. Iglewicz and D. C. Hoaglin, How to Detect and Handle Outliers (1993).
        case
            when deals.amount_base > 0
                then
                    round(abs(0.6745 * (ln(deals.amount_base) - spread.log_median) / spread.log_deviation), 4)
        end as amount_z_score,
        deals.is_contact_exported,
        -- Where contacts are told of, a deal without one has had none since it was created.
        case when deals.is_contact_exported then coalesce(deals.last_activity_on, deals.created_on) end as contacted_on,
        deals.last_activity_on,
        cast(deals.updated_at as date) as changed_on,
        deals.has_budget,
        deals.has_decision_process,
        deals.has_decision_maker,
        run.as_of,
    from deals
    cross join run
    cross join usual_cycle
    cross join spread
    left join stages on deals.source_system = stages.source_system and deals.stage_code = stages.stage_code
    left join exported_columns on deals.source_system = exported_columns.source_system
    where deals.is_open
)

select * from final
