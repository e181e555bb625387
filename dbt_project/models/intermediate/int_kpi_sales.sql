-- One row per fact of a sale that a KPI counts: invoiced lines by day, and what dealers report.
with

run as (select * from {{ source('control', 'run') }}),

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
    select * from dealers
)

{{ kpi_fact_columns() }}
