-- One row per current target that still runs and has open deals expected in its period: their amount.
with

run as (select * from {{ source('control', 'run') }}),

running_targets as (
    select targets.*
    from {{ ref('int_current_targets') }} as targets
    cross join run
    where targets.period_end > run.as_of
),

open_deals as (
    select
        deals.*,
        -- A day that is past is no plan: the deal may close any time from now on.
        greatest(deals.expected_close_on, run.as_of) as plausible_close_on,
    from {{ ref('opportunities') }} as deals
    cross join run
    where deals.is_open
),

final as (
    select
        running_targets.target_id,
        count(*) as open_count,
        cast(sum(open_deals.amount_base) as decimal(18, 4)) as open_amount_base,
        cast(sum(open_deals.weighted_amount_base) as decimal(18, 4)) as weighted_amount_base,
    from running_targets
    inner join {{ ref('int_opportunity_members') }} using (level, member)
    inner join open_deals using (opportunity_id)
    where open_deals.plausible_close_on between running_targets.period_start and running_targets.period_end
    group by running_targets.target_id
)

select * from final
