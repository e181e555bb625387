-- One row per KPI, dimension member and month from the member's first fact on: what adds up to the KPI's values.
with

run as (select * from {{ source('control', 'run') }}),

kpis as (select * from {{ ref('kpis') }}),

facts as ({{ kpi_facts() }}),

months as (
    select distinct month_start
    from {{ ref('calendar') }}
    cross join run
    where month_start <= run.as_of
),

kpi_dimensions as (
    select kpi, unnest(string_split(dimensions, ' ')) as dimension
    from kpis
),

member_months as (
    select
        facts.kpi,
        kpi_dimensions.dimension,
        case kpi_dimensions.dimension
            when 'total' then ''
            when 'region' then coalesce(facts.region, 'unmapped')
            when 'product_line' then coalesce(facts.product_line, 'unmapped')
            when 'team' then coalesce(facts.team, 'unmapped')
            when 'rep' then coalesce(facts.rep_id, 'unmapped')
        end as member,
        cast(date_trunc('month', facts.happened_on) as date) as month_start,
        -- decimals: a sum of doubles depends on their order, and a rebuild must give the same rows
        sum(cast(facts.numerator as decimal(28, 6))) as numerator,
        sum(cast(facts.denominator as decimal(28, 6))) as denominator,
        sum(facts.n) as n,
    from facts
    inner join kpi_dimensions
        on facts.kpi = kpi_dimensions.kpi and coalesce(facts.dimension, kpi_dimensions.dimension) = kpi_dimensions.dimension
    group by all
),

-- A month without facts counts as 0 for what is added up, from the first fact of the member on.
spans as (
    select kpi, dimension, member, min(month_start) as first_month
    from member_months
    group by all
),

final as (
    select
        spans.* exclude (first_month),
        months.month_start,
        coalesce(member_months.numerator, if(kpis.numerator_over_time = 'mean', null, 0)) as numerator,
        coalesce(member_months.denominator, if(kpis.denominator_over_time = 'sum', 0, null)) as denominator,
        coalesce(member_months.n, 0) as n,
    from spans
    inner join kpis using (kpi)
    inner join months on spans.first_month <= months.month_start
    left join member_months using (kpi, dimension, member, month_start)
)

select * from final
