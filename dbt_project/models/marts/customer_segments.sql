-- One row per segment and month: its customers, their share, revenue, deals decided, and who came and went.
with

run as (select * from {{ source('control', 'run') }}),

-- Money and decided deals count for the tier of the month end before: what is bought must not make its own segment.
members as (
    select
        history.customer_id,
        history.month_end,
        unnest(['tier', 'industry', 'region', 'total']) as level,
        unnest([history.tier, customers.industry_code, customers.region, 'total']) as member,
        unnest([
            coalesce(history.previous_tier, history.tier), customers.industry_code, customers.region, 'total'
        ]) as member_before,
        history.move_code = 'new' as is_new,
    from {{ ref('customer_tier_history') }} as history
    inner join {{ ref('customer_360') }} as customers using (customer_id)
),

counts as (
    select
        level,
        member,
        month_end,
        count(*) as customer_count,
        count(*) filter (where is_new) as new_count,
        count(*) filter (where member <> member_before) as moved_in_count,
    from members
    group by all
),

moved_out as (
    select level, member_before as member, month_end, count(*) as moved_out_count, from members
    where member <> member_before
    group by all
),

-- One row per customer and month before the levels are joined: each customer counts in four of them.
results as (
    select
        customer_id,
        month_end,
        sum(amount_base) as amount_base,
        sum(won) as won,
        sum(lost) as lost,
    from (
        select customer_id, last_day(invoiced_on) as month_end, amount_base, 0 as won, 0 as lost,
        from {{ ref('int_revenue_lines') }}
        where invoiced_on <= (select as_of from run)
        union all
        select customer_id, last_day(closed_on), 0, cast(is_won as integer), cast(is_lost as integer),
        from {{ ref('opportunities') }}
        where not is_open and closed_on is not null
    )
    group by all
),

result_months as (
    select
        members.level,
        members.member_before as member,
        members.month_end,
        sum(results.amount_base) as revenue_base,
        sum(results.won) as won_count,
        sum(results.won + results.lost) as closed_count,
    from members
    inner join results using (customer_id, month_end)
    group by all
),

final as (
    select
        level,
        member,
        cast(date_trunc('month', month_end) as date) as period_start,
        month_end as period_end,
        coalesce(counts.customer_count, 0) as customer_count,
        coalesce(counts.customer_count, 0) / sum(counts.customer_count) over (partition by level, month_end)
            as customer_share,
        coalesce(counts.new_count, 0) as new_count,
        coalesce(counts.moved_in_count, 0) as moved_in_count,
        coalesce(moved_out.moved_out_count, 0) as moved_out_count,
        cast(coalesce(result_months.revenue_base, 0) as decimal(18, 4)) as revenue_base,
        coalesce(result_months.revenue_base, 0)
        / nullif(sum(result_months.revenue_base) over (partition by level, month_end), 0) as relative_revenue,
        cast(coalesce(result_months.won_count, 0) as bigint) as won_count,
        cast(coalesce(result_months.closed_count, 0) as bigint) as closed_count,
        result_months.won_count / nullif(result_months.closed_count, 0) as win_rate,
    from counts
    full join moved_out using (level, member, month_end)
    full join result_months using (level, member, month_end)
)

select * from final
-- The first month of the history has no month end before it.
where period_end > (select min(month_end) from {{ ref('customer_tier_history') }})
