-- One row per KPI, dimension member and period: its value, what it is the quotient of, and the year before beside it.
with

run as (select * from {{ source('control', 'run') }}),

kpis as (select * from {{ ref('kpis') }}),

coverage as (select * from {{ ref('int_covered_kpis') }}),

months as (
    select distinct
        month_start,
        unnest(['month', 'quarter', 'year']) as period,
        unnest([month_start, fiscal_quarter_start, fiscal_year_start]) as period_start,
        unnest([1, 3, 12]) as month_count,
    from {{ ref('calendar') }}
    cross join run
    where month_start <= run.as_of
),

with_year_before as (
    select
        *,
        avg(numerator) over year_before as numerator_before,
        avg(denominator) over year_before as denominator_before,
        sum(n) over year_before as n_before,
        count(*) over year_before as months_before,
    from {{ ref('int_monthly_kpis') }}
    window year_before as (
        partition by kpi, dimension, member order by month_start
        range between interval 12 month preceding and interval 1 month preceding
    )
),

periods as (
    select
        kpi,
        dimension,
        member,
        months.period,
        months.period_start,
        cast(months.period_start + to_months(months.month_count) - interval 1 day as date) as period_end,
        {{ kpi_over_time('numerator', 'months.month_count') }},
        {{ kpi_over_time('denominator', 'months.month_count') }},
        sum(n) as n,
        min_by(n_before, month_start) as n_before,
        min_by(months_before, month_start) as months_before,
        -- a mean of people of which a month is unknown would be of other months than what they sold
        count(denominator) = date_diff('month', any_value(months.period_start), max(month_start)) + 1 as has_all_months,
    from with_year_before
    inner join kpis using (kpi)
    inner join months using (month_start)
    where list_contains(string_split(kpis.period_kinds, ' '), months.period)
    group by all
),

final as (
    select
        periods.* exclude (n, n_before, months_before, has_all_months, numerator_before, denominator_before),
        if(
            kpis.kind = 'amount', periods.numerator,
            if(kpis.denominator_over_time = 'sum' or has_all_months, periods.numerator, null) / nullif(periods.denominator, 0)
        ) as value,
        cast(periods.n as bigint) as n,
        replace(kpis.unit, 'base currency', run.base_currency) as unit,
        periods.period_end + cast(kpis.settles_after_days as integer) <= run.as_of
        and {{ covers('coverage', 'periods', 'run.as_of') }} as is_complete,
        if(periods.months_before = 12, if(
            kpis.kind = 'amount', numerator_before, numerator_before / nullif(denominator_before, 0)
        ), null) as value_year_before,
        cast(if(periods.months_before = 12, n_before, null) as bigint) as n_year_before,
        case
            when not is_complete or kpis.direction is null then null
            when kpis.direction = 'up' then value > value_year_before
            else value < value_year_before
        end as is_better,
    from periods
    inner join kpis using (kpi)
    inner join coverage using (kpi)
    cross join run
    where value is not null
)

select
    kpi,
    dimension,
    member,
    period,
    period_start,
    period_end,
    value,
    n,
    numerator,
    denominator,
    unit,
    is_complete,
    value_year_before,
    n_year_before,
    is_better,
from final
