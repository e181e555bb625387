-- One row per fact of a sale that a KPI counts: invoiced lines by day, the market of a year beside own sales in it,
-- and what dealers report.
with

run as (select * from {{ source('control', 'run') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

regions as (select * from {{ ref('regions') }}),

sold as (
    select
        invoiced_on as happened_on,
        region,
        product_line,
        team,
        rep_id,
        cast(sum(amount_base) as double) as revenue,
        cast(sum(margin_base) as double) as margin,
        cast(sum(amount_base) filter (where margin_base is not null) as double) as costed_revenue,
        cast(sum(quantity) as double) as quantity,
        count(*) as line_count,
    from {{ ref('revenue') }}
    group by all
),

own as (
    select
        unnest(['revenue', 'margin', 'margin_rate', 'quantity']) as kpi,
        happened_on,
        null as dimension,
        region,
        product_line,
        team,
        rep_id,
        unnest([revenue, margin, margin, quantity]) as numerator,
        unnest([null, null, costed_revenue, null]) as denominator,
        line_count as n,
    from sold
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

shares as (
    select
        'market_share' as kpi,
        markets.period_start,
        markets.level,
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
),

dealers as (
    select
        unnest(['dealer_enquiries', 'dealer_sales', 'dealer_conversion_rate']) as kpi,
        reports.period_start,
        null,
        {{ region_word('reports.region', 'regions') }} as region,
        null,
        null,
        null,
        unnest([reports.enquiries, reports.quantity_sold, reports.quantity_sold]) as numerator,
        unnest([null, null, reports.enquiries]) as denominator,
        1 as n,
    from {{ ref('stg_dealer_reports') }} as reports
    left join regions on {{ same_word('reports.region', 'regions.word') }}
),

final as (
    select * from own
    union all
    select * from shares
    union all
    select * from dealers
)

select
    kpi,
    happened_on,
    dimension,
    region,
    product_line,
    team,
    rep_id,
    cast(numerator as double) as numerator,
    cast(denominator as double) as denominator,
    cast(n as bigint) as n,
from final
cross join run
where happened_on <= run.as_of
