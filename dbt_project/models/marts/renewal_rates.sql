-- One row per dimension member and period: of the contracts that ended in it, how many were renewed, and for how much.
with

contracts as (select * from {{ ref('contracts') }}),

run as (select * from {{ source('control', 'run') }}),

rules as (select {{ rule('min_ended') }} as min_ended from {{ ref('renewal_rules') }}),

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period in ('quarter', 'last_12_months', 'all_time')
),

-- Every contract counts once at each level.
ended as (
    select
        contracts.*,
        unnest(['total', 'region', 'product_line']) as level,
        case level when 'total' then '' when 'region' then contracts.region else contracts.product_line end as member,
    from contracts
    cross join run
    where contracts.ends_on <= run.as_of
),

counted as (
    select
        ended.level,
        ended.member,
        periods.period,
        periods.period_start,
        count(*) as ended_count,
        count(ended.renewed_by_contract_id) as renewed_count,
        count(*) filter (where ended.renewed_annual_base > ended.annual_amount_base) as expanded_count,
        count(*) filter (where ended.renewed_annual_base < ended.annual_amount_base) as reduced_count,
        coalesce(sum(ended.annual_amount_base), 0) as ended_base,
        coalesce(sum(ended.renewed_annual_base), 0) as renewed_base,
        coalesce(sum(least(coalesce(ended.renewed_annual_base, 0), ended.annual_amount_base)), 0) as kept_base,
    from ended
    inner join periods on ended.ends_on between periods.period_start and periods.period_end
    group by all
),

final as (
    select
        level,
        member,
        period,
        period_start,
        ended_count,
        renewed_count,
        renewed_count / ended_count as renewal_rate,
        {{ wilson('renewed_count', 'ended_count', -1) }} as renewal_rate_low_95,
        {{ wilson('renewed_count', 'ended_count', 1) }} as renewal_rate_high_95,
        expanded_count,
        reduced_count,
        expanded_count / nullif(renewed_count, 0) as expansion_rate,
        {{ wilson('expanded_count', 'renewed_count', -1) }} as expansion_rate_low_95,
        {{ wilson('expanded_count', 'renewed_count', 1) }} as expansion_rate_high_95,
        cast(ended_base as decimal(18, 4)) as ended_base,
        cast(renewed_base as decimal(18, 4)) as renewed_base,
        cast(renewed_base as double) / nullif(ended_base, 0) as relative_net_retention,
        cast(kept_base as double) / nullif(ended_base, 0) as gross_retention_rate,
        ended_count >= rules.min_ended as is_enough,
    from counted
    cross join rules
)

select * from final
