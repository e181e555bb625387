-- One row per pair of a leading and a lagging KPI: whether months in which one rises are followed by rises of the other.
with

pairs as (select * from {{ ref('kpi_pairs') }}),

months as (
    select
        kpi,
        period_start,
        value,
        value - lag(value) over (partition by kpi order by period_start) as change,
    from {{ ref('kpi_values') }}
    where dimension = 'total' and period = 'month' and is_complete
),

measured as (
    select
        pairs.leading_kpi,
        pairs.lagging_kpi,
        pairs.lag_months,
        count(*) as month_count,
        count(lead.change + lagged.change) as n,
        -- rounded: a correlation of doubles depends on their order, and a rebuild must give the same rows
        round(corr(lead.value, lagged.value), 6) as correlation_of_values,
        round(corr(lead.change, lagged.change), 6) as correlation,
    from pairs
    inner join months as lead on pairs.leading_kpi = lead.kpi
    inner join months as lagged
        on
        pairs.lagging_kpi = lagged.kpi
        and lagged.period_start = lead.period_start + to_months(cast(pairs.lag_months as integer))
    group by all
),

final as (
    select
        leading_kpi,
        lagging_kpi,
        lag_months,
        month_count,
        correlation_of_values,
        n,
        correlation,
        -- R. A. Fisher, Metron 1 (1921), 3-32
        if(n > 3, tanh(atanh(least(greatest(correlation, -0.999999), 0.999999)) - 1.959964 / sqrt(n - 3)), null)
            as correlation_low_95,
        if(n > 3, tanh(atanh(least(greatest(correlation, -0.999999), 0.999999)) + 1.959964 / sqrt(n - 3)), null)
            as correlation_high_95,
        correlation_low_95 > 0 or correlation_high_95 < 0 as is_beyond_chance,
    from measured
)

select * from final
