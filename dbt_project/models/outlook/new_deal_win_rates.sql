-- One row per number of days to the end of a current target: the share of new deals that are won within that time.
with

run as (select * from {{ source('control', 'run') }}),

time_left as (
    select distinct date_diff('day', as_of, period_end) as days_left
    from {{ ref('target_progress') }}
    where period_end > as_of
),

deals as (
    select
        created.created_on,
        created.closed_on,
        created.is_won,
        created.sales_cycle_days,
        created.amount_base,
    from {{ ref('opportunities') }} as created
    cross join run
    where created.created_on <= run.as_of
),

won_deals as (
    select
        avg(deals.amount_base) as average_won_amount_base,
        median(deals.sales_cycle_days) as median_cycle_days,
    from deals
    cross join run
    where
        deals.is_won
        and deals.closed_on > run.as_of - interval 1 year
),

-- Deals that have had that many days since their creation, of at most two more years.
win_rates as (
    select
        time_left.days_left,
        count(deals.created_on) as eligible_count,
        count(*) filter (where deals.is_won and deals.sales_cycle_days <= time_left.days_left) as won_in_time_count,
    from time_left
    cross join run
    left join deals
        on date_diff('day', deals.created_on, run.as_of) between time_left.days_left and time_left.days_left + 730
    group by time_left.days_left
),

final as (
    select
        cast(win_rates.days_left as bigint) as days_left,
        win_rates.eligible_count,
        win_rates.won_in_time_count,
        win_rates.won_in_time_count / nullif(win_rates.eligible_count, 0) as closable_win_rate,
        cast(won_deals.average_won_amount_base as double) as average_won_amount_base,
        won_deals.median_cycle_days,
    from win_rates
    cross join won_deals
)

select * from final
