-- One row per dealer, product and period of a report: bought, sold on, held, who asked and tried; none of it is revenue.
with

run as (select * from {{ source('control', 'run') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

products as (
    {{ product_codes() }}
),

reports as (
    select
        reports.source_system || '|' || reports.source_id as dealer_report_id,
        reports.source_system || '|' || reports.dealer_id as dealer_id,
        reports.dealer_name,
        coalesce({{ region_word('reports.region', 'regions') }}, 'unmapped') as region,
        coalesce(products.product_id, '') as product_id,
        reports.product_name,
        coalesce(words.period, 'unmapped') as period,
        reports.period_start,
        {{ last_day_of('words.period', 'reports.period_start') }} as period_end,
        cast(reports.quantity_bought as double) as bought_quantity,
        cast(reports.quantity_sold as double) as sold_quantity,
        cast(reports.quantity_stock as double) as stock_quantity,
        reports.enquiries as enquiry_count,
        reports.trials as trial_count,
        -- money without a currency is base currency
        if(coalesce(reports.currency, run.base_currency) = run.base_currency, 1, rates.rate) as base_rate,
        {{ multiply_money('reports.amount', 'base_rate') }} as amount_base,
        reports.product_id as reported_product,
    from {{ ref('stg_dealer_reports') }} as reports
    cross join run
    left join products on lower(trim(reports.product_id)) = products.item
    left join {{ ref('period_words') }} as words on lower(trim(reports.period)) = words.word
    left join {{ ref('regions') }} as regions on {{ same_word('reports.region', 'regions.word') }}
    left join rates on reports.currency = rates.currency and least(reports.period_start, run.as_of) = rates.rate_on
    where reports.period_start <= run.as_of
),

-- The report before: a gap between reports leaves it empty, or two months' sales would seem to be one's.
followed as (
    select
        *,
        lag(period_end) over product_of_dealer = period_start - 1 as has_report_before,
        lag(stock_quantity) over product_of_dealer as stock_before,
        lag(enquiry_count) over product_of_dealer as enquiries_before,
        sum(sold_quantity) over lately as sold_lately,
        -- Days that tell no sales, or that nobody reported, are none that the stock lasted.
        sum(if(sold_quantity is null, null, period_end - period_start + 1)) over lately as lately_days,
    from reports
    window
        product_of_dealer as (partition by dealer_id, reported_product, product_name, period order by period_start),
        lately as (
            partition by dealer_id, reported_product, product_name, period order by period_start
            rows between 2 preceding and current row
        )
),

final as (
    select
        * exclude (base_rate, reported_product, has_report_before, stock_before, enquiries_before, sold_lately, lately_days),
        if(trial_count <= enquiry_count, trial_count / nullif(enquiry_count, 0), null) as trial_rate,
        if(has_report_before, sold_quantity / nullif(enquiries_before, 0), null) as relative_sold_of_enquiries_before,
        stock_quantity / nullif(sold_lately, 0) * lately_days as cover_days,
        if(has_report_before, stock_quantity - (stock_before + bought_quantity - sold_quantity), null)
            as unexplained_quantity,
    from followed
)

select * from final
