-- One row per KPI, dimension and kind of period that has targets: how attainment spreads, and whether it stays with members.
with

attained as (
    select * from {{ ref('target_attainment') }}
    where is_current and is_complete and attainment is not null and dimension <> 'total'
),

chained as (
    select
        *,
        lag(attainment) over (partition by kpi, dimension, period, member order by period_start) as attainment_before,
        median(attainment) over (partition by kpi, dimension, period, member) as member_median,
    from attained
),

final as (
    select
        kpi,
        dimension,
        period,
        count(*) as target_count,
        count(distinct member) as member_count,
        median(attainment) as median_attainment,
        quantile_cont(attainment, 0.1) as attainment_p10,
        quantile_cont(attainment, 0.9) as attainment_p90,
        avg(cast(is_reached as integer)) as reached_share,
        max(member_median) - min(member_median) as widest_gap,
        count(attainment_before) as pair_count,
        -- rounded: a correlation of doubles depends on their order, and a rebuild must give the same rows
        if(pair_count > 2, round(corr(attainment, attainment_before), 6), null) as persistence,
    from chained
    group by all
)

select * from final
