-- One row per cohort of first purchase and year since: how many customers still buy, and for how much.
with

run as (select * from {{ source('control', 'run') }}),

-- Only customers whose first purchase lies after the first year of invoices are surely new; the rest are one cohort.
buying as (
    select lines.customer_id, lines.invoiced_on, sum(lines.amount_base) as amount_base,
    from {{ ref('int_revenue_lines') }} as lines
    cross join run
    where lines.customer_id is not null and lines.invoiced_on <= run.as_of
    group by all
),

firsts as (
    select
        customer_id,
        first_bought_on,
        min(first_bought_on) over () as first_day,
    from {{ ref('customer_purchases') }}
),

cohorts as (
    select
        customer_id,
        first_bought_on,
        if(first_bought_on < first_day + interval 1 year, 'known_before', cast(year(first_bought_on) as varchar)) as cohort,
    from firsts
),

-- Year 1 is the twelve months from the first purchase; a year counts once it has ended for the customer.
years as (
    select
        cohorts.*,
        unnest(generate_series(1, cast(date_diff('month', first_bought_on, run.as_of + 1) // 12 as bigint) + 1)) as year_number,
        run.as_of,
    from cohorts
    cross join run
),

ended as (
    select
        *,
        cast(first_bought_on + to_months(cast(12 * (year_number - 1) as integer)) as date) as year_start,
        cast(first_bought_on + to_months(cast(12 * year_number as integer)) as date) as next_year_start,
    from years
    where next_year_start <= as_of + 1
),

results as (
    select
        ended.cohort,
        ended.customer_id,
        ended.year_number,
        coalesce(sum(buying.amount_base), 0) as revenue_base,
        count(*) filter (where buying.amount_base > 0) > 0 as is_active,
    from ended
    left join buying
        on
        ended.customer_id = buying.customer_id
        and ended.year_start <= buying.invoiced_on and ended.next_year_start > buying.invoiced_on
    group by all
),

compared as (
    select
        results.*,
        first_years.revenue_base as first_revenue_base,
        before.is_active as was_active,
    from results
    left join results as first_years
        on results.customer_id = first_years.customer_id and first_years.year_number = 1
    left join results as before
        on results.customer_id = before.customer_id and results.year_number = before.year_number + 1
),

final as (
    select
        cohort,
        year_number,
        count(*) as customer_count,
        count(*) filter (where is_active) as active_count,
        count(*) filter (where is_active) / count(*) as active_rate,
        {{ wilson('count(*) filter (where is_active)', 'count(*)', -1) }} as active_rate_low_95,
        {{ wilson('count(*) filter (where is_active)', 'count(*)', 1) }} as active_rate_high_95,
        count(*) filter (where was_active) as active_before_count,
        count(*) filter (where was_active and is_active) as retained_count,
        count(*) filter (where was_active and is_active) / nullif(count(*) filter (where was_active), 0) as retention_rate,
        cast(sum(revenue_base) as decimal(18, 4)) as revenue_base,
        sum(revenue_base) / nullif(sum(first_revenue_base), 0) as relative_revenue,
    from compared
    group by cohort, year_number
)

select * from final
