-- One row per ended deal and month end at which it was open and somebody had typed in a probability: that probability
-- as it was known then, and how the deal ended.
with

run as (select * from {{ source('control', 'run') }}),

deals as (
    select * from {{ ref('opportunities') }}
    where not is_open and created_on is not null and closed_on is not null
),

judgements as (
    select * from {{ ref('int_opportunity_judgements') }}
    where probability is not null
),

first_judgements as (
    select
        opportunity_id,
        min(observed_on) as first_judged_on,
    from judgements
    group by opportunity_id
),

deal_months as (
    select
        deals.opportunity_id,
        deals.rep_id,
        deals.team,
        deals.is_won,
        unnest(generate_series(
            last_day(greatest(deals.created_on, first_judgements.first_judged_on)),
            deals.closed_on - interval 1 day,
            interval 1 month
        )) as month_start,
    from deals
    inner join first_judgements using (opportunity_id)
),

-- Steps of a month from the 31st would skip to the 28th: the last day is taken again.
month_ends as (
    select
        * exclude (month_start),
        last_day(month_start) as month_end,
    from deal_months
),

final as (
    select
        month_ends.opportunity_id,
        month_ends.month_end,
        judgements.probability,
        month_ends.is_won,
        month_ends.rep_id,
        month_ends.team,
    from month_ends
    asof inner join judgements
        on month_ends.opportunity_id = judgements.opportunity_id
        and month_ends.month_end >= judgements.observed_on
    inner join deals on month_ends.opportunity_id = deals.opportunity_id
    cross join run
    where
        month_ends.month_end < deals.closed_on
        and month_ends.month_end <= run.as_of
        -- between its loss and its return a deal is not open, and the system sets its probability to 0
        and judgements.is_open
)

select * from final
