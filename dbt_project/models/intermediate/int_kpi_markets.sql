-- One row per year and size of a market, beside own sales in it.
with

run as (select * from {{ source('control', 'run') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

sold as (
    select
        invoiced_on as happened_on,
        region,
        product_line,
        sum(amount_base) as revenue,
        count(*) as line_count,
    from {{ ref('revenue') }}
    group by all
),

-- Whole years only: a size without a unit that is money cannot be compared with revenue.
markets as (
    select
        facts.period_start,
        cast(facts.period_start + interval 1 year as date) as next_start,
        lower(coalesce(facts.level, 'total')) as level,
        coalesce(facts.member, '') as member,
        facts.value * if(facts.unit = run.base_currency, 1, cast(rates.rate as double)) as size,
    from {{ ref('stg_market_facts') }} as facts
    cross join run
    left join rates on facts.unit = rates.currency and least(facts.period_start, run.as_of) = rates.rate_on
    where facts.metric = 'market_size' and facts.period = 'year' and size is not null
    qualify row_number() over (
        partition by level, member, facts.period_start
        order by facts.published_on desc, facts.source_system, facts.source_id
    ) = 1
),

market_members as (
    select
        period_start,
        next_start,
        level,
        if(level = 'region', member, null) as region,
        if(level = 'product_line', member, null) as product_line,
        size,
    from markets
),

final as (
    select
        'market_share' as kpi,
        markets.period_start as happened_on,
        markets.level as dimension,
        markets.region,
        markets.product_line,
        null as team,
        null as rep_id,
        coalesce(sum(sold.revenue), 0) as numerator,
        any_value(markets.size) as denominator,
        coalesce(sum(sold.line_count), 0) as n,
    from market_members as markets
    left join sold
        on markets.period_start <= sold.happened_on and markets.next_start > sold.happened_on
        and (markets.region is null or markets.region = sold.region)
        and (markets.product_line is null or markets.product_line = sold.product_line)
    group by all
)

{{ kpi_fact_columns() }}
