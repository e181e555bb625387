-- One row per past day, dimension member and open stage: the deals that stood there at the end of the day, and their amount.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select {{ rule('snapshot_days') }} as snapshot_days from {{ ref('pace_rules') }}),

days as (
    select
        cast(unnest(
            generate_series(run.as_of - cast(rules.snapshot_days - 1 as integer), run.as_of, interval 1 day)
        ) as date) as day,
    from run
    cross join rules
),

members as (
    select * from {{ ref('int_opportunity_members') }}
    where level in ('total', 'region', 'team', 'product_line')
),

-- As in pipeline_changes: a deal is open from its creation, in the first stage that was seen, and a stay never begins
-- before the one before it.
moves as (
    select
        stays.*,
        least(
            max(greatest(stays.entered_on, coalesce(deals.created_on, stays.entered_on))) over deal_so_far, run.as_of
        ) as moved_on,
        deals.created_on,
    from {{ ref('int_stage_history') }} as stays
    cross join run
    inner join {{ ref('int_opportunities') }} as deals using (opportunity_id)
    window deal_so_far as (
        partition by stays.opportunity_id order by stays.stage_number
        rows between unbounded preceding and current row
    )
),

bounded as (
    select
        opportunity_id,
        stage_code,
        stage_type,
        stage_number,
        created_on,
        moved_on,
        amount_base,
        coalesce(is_entry_exact, false) as is_exact,
        if(stage_number = 1 and stage_type = 'open', least(coalesce(created_on, moved_on), moved_on), moved_on)
            as entered_on,
        coalesce(lead(moved_on) over (partition by opportunity_id order by stage_number), date '9999-12-31') as left_on,
    from moves
),

stays as (
    select * from bounded
    where stage_type = 'open'
    union all by name
    -- A deal that was first seen after it had ended was open before, nobody knows where.
    select * replace ('unknown' as stage_code, created_on as entered_on, entered_on as left_on, false as is_exact)
    from bounded
    where stage_type <> 'open' and stage_number = 1 and created_on < moved_on
),

final as (
    select
        days.day,
        members.level,
        members.member,
        stays.stage_code,
        count(*) as deal_count,
        cast(coalesce(sum(stays.amount_base), 0) as decimal(18, 4)) as amount_base,
        count(*) filter (where not stays.is_exact) as estimated_count,
    from stays
    inner join days on stays.entered_on <= days.day and stays.left_on > days.day
    inner join members using (opportunity_id)
    group by all
)

select * from final
