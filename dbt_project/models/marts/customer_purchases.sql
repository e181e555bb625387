-- One row per customer that has bought: recency, frequency and money with their scores, repeat purchases and basket.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select {{ rule('purchase_months') }} as months from {{ ref('customer_rules') }}),

-- A purchase is an invoice (or order) with a positive amount; its credits are subtracted from money, not from purchases.
purchases as (
    select
        customer_id,
        source_system || '|' || coalesce(invoice_id, order_id) as purchase_id,
        min(invoiced_on) as bought_on,
        sum(amount_base) as amount_base,
        count(distinct product_id) as product_count,
        any_value(run.as_of) as as_of,
        bool_or(invoiced_on > run.as_of - to_months(cast(rules.months as integer))) as is_recent,
    from {{ ref('int_revenue_lines') }}
    cross join run
    cross join rules
    where customer_id is not null and invoiced_on <= run.as_of
    group by all
),

buying_days as (
    select customer_id, bought_on, bought_on - lag(bought_on) over (partition by customer_id order by bought_on) as gap_days,
    from (
        select distinct customer_id, bought_on from purchases
        where amount_base > 0
    )
),

gaps as (
    select customer_id, count(*) as buying_day_count, median(gap_days) as median_gap_days, from buying_days
    group by customer_id
),

measured as (
    select
        customer_id,
        min(bought_on) filter (where amount_base > 0) as first_bought_on,
        max(bought_on) filter (where amount_base > 0) as last_bought_on,
        any_value(as_of) - last_bought_on as recency_days,
        count(*) filter (where amount_base > 0) as purchase_count,
        count(*) filter (where amount_base > 0 and is_recent) as recent_purchase_count,
        coalesce(sum(amount_base) filter (where is_recent), 0) as recent_revenue_base,
        sum(amount_base) as revenue_base,
        avg(amount_base) filter (where amount_base > 0) as mean_purchase_base,
        avg(product_count) filter (where amount_base > 0) as mean_basket,
    from purchases
    group by customer_id
    having count(*) filter (where amount_base > 0) > 0
),

-- Equal values get equal scores, so nobody is ranked by chance; 5 is best.
scored as (
    select
        *,
        1 + cast(floor(5 * least(cume_dist() over (order by recency_days desc), 0.9999)) as bigint) as recency_score,
        1 + cast(floor(5 * least(cume_dist() over (order by recent_purchase_count), 0.9999)) as bigint) as frequency_score,
        1 + cast(floor(5 * least(cume_dist() over (order by recent_revenue_base), 0.9999)) as bigint) as money_score,
    from measured
),

final as (
    select
        scored.customer_id,
        scored.first_bought_on,
        scored.last_bought_on,
        scored.recency_days,
        scored.purchase_count,
        gaps.buying_day_count,
        gaps.buying_day_count > 1 as is_repeat_buyer,
        gaps.median_gap_days,
        scored.recent_purchase_count,
        cast(scored.recent_revenue_base as decimal(18, 4)) as recent_revenue_base,
        cast(scored.revenue_base as decimal(18, 4)) as revenue_base,
        scored.mean_purchase_base,
        scored.mean_basket,
        scored.recency_score,
        scored.frequency_score,
        scored.money_score,
        segments.segment_code,
    from scored
    inner join gaps using (customer_id)
    left join {{ ref('purchase_segments') }} as segments
        on
        scored.recency_score between segments.min_recency_score and segments.max_recency_score
        and scored.frequency_score between segments.min_frequency_score and segments.max_frequency_score
    qualify row_number() over (partition by scored.customer_id order by segments.segment_order) = 1
)

select * from final
