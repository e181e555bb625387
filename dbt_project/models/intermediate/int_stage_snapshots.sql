-- One row per deal and day on which it is known to stand in an open stage: every month end where the system's own history
-- tells of its moves, else the days of the exports that show it.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select {{ rule('probability_months') }} as probability_months from {{ ref('process_rules') }}
),

month_ends as (
    select cast(date_trunc('month', run.as_of + 1) - interval 1 month * months_back.n - interval 1 day as date) as seen_on,
    from run
    cross join rules
    inner join range(1000) as months_back (n) on rules.probability_months >= months_back.n
),

stays as (
    select
        *,
        coalesce(
            lead(earliest_on) over (partition by opportunity_id order by stage_number), run.as_of + 1
        ) as left_on,
    from {{ ref('int_stage_entrances') }}
    cross join run
),

recorded as (
    select
        stays.opportunity_id,
        stays.stage_code,
        month_ends.seen_on,
        'exact_history' as basis,
    from stays
    inner join month_ends on stays.moved_on <= month_ends.seen_on and stays.left_on > month_ends.seen_on
    where stays.is_recorded and stays.stage_type = 'open'
),

shown as (
    select distinct
        observations.opportunity_id,
        observations.stage_code,
        observations.observed_on as seen_on,
        'dated_exports' as basis,
    from {{ ref('int_opportunity_observations') }} as observations
    inner join {{ ref('stages') }} as stages using (stage_code)
    semi join {{ ref('int_opportunities') }} as deals on observations.opportunity_id = deals.opportunity_id
    where
        observations.source = 'dated_exports'
        and not observations.is_final
        and stages.stage_type = 'open'
        and observations.observed_on >= (select min(seen_on) from month_ends)
),

final as (
    select * from recorded
    union all
    select * from shown
)

select * from final
