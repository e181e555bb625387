-- One row per dimension member and month: what contracts bring in a year at its end, and how much of it a year kept. Months
-- after as_of hold what is signed and what renewals are expected to add; contracts that nobody has signed are not in them.
with

run as (select * from {{ source('control', 'run') }}),

contracts as (
    select
        *,
        unnest(['total', 'product_line']) as level,
        if(level = 'total', '', product_line) as member,
    from {{ ref('contracts') }}
),

months as (
    select
        cast(unnest(generate_series(
            date_trunc('month', coalesce((select min(started_on) from contracts), run.as_of)),
            date_trunc('month', run.as_of) + interval 12 month,
            interval 1 month
        )) as date) as period_start,
        cast(period_start + interval 1 month - interval 1 day as date) as period_end,
        period_end > run.as_of as is_expected,
    from run
),

-- A renewal brings its annual amount from the end of the contract before on; within twelve months it does not end itself.
chains as (
    select
        contracts.level,
        contracts.member,
        months.period_start,
        months.is_expected,
        contracts.first_contract_id,
        count(*) filter (where coalesce(contracts.ends_on >= months.period_end, true)) as contract_count,
        coalesce(sum(contracts.annual_amount_base) filter (
            where coalesce(contracts.ends_on >= months.period_end, true)
        ), 0) as signed_base,
        coalesce(sum(contracts.expected_annual_base) filter (
            where contracts.is_due and contracts.ends_on < months.period_end
        ), 0) as expected_base,
        signed_base + expected_base as annual_base,
    from contracts
    inner join months on contracts.started_on <= months.period_end
    group by all
),

final as (
    select
        chains.level,
        chains.member,
        chains.period_start,
        chains.is_expected,
        cast(sum(chains.contract_count) as bigint) as contract_count,
        cast(sum(chains.signed_base) as decimal(18, 4)) as signed_annual_base,
        cast(sum(chains.expected_base) as decimal(18, 4)) as expected_renewals_base,
        cast(sum(chains.annual_base) as decimal(18, 4)) as annual_base,
        count(*) filter (where earlier.annual_base > 0) as contract_count_year_before,
        cast(sum(chains.annual_base) filter (where earlier.annual_base > 0) as double)
        / nullif(sum(earlier.annual_base), 0) as relative_net_retention_12m,
        cast(sum(least(chains.annual_base, earlier.annual_base)) filter (where earlier.annual_base > 0) as double)
        / nullif(sum(earlier.annual_base), 0) as gross_retention_rate_12m,
    from chains
    left join chains as earlier
        on chains.level = earlier.level
        and chains.member = earlier.member
        and chains.first_contract_id = earlier.first_contract_id
        and chains.period_start = earlier.period_start + interval 12 month
    group by all
)

select * from final
