-- One row per record and rule that it breaks: values that cannot be, or can hardly be, with the record and its owner.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select
        {{ rule('late_stage_order') }} as late_stage_order,
        {{ rule('outlier_z_score') }} as outlier_z_score,
        {{ rule('earliest_year') }} as earliest_year,
    from {{ ref('hygiene_rules') }}
),

-- Deals differ by orders of magnitude, so their logarithms are compared, by median and median deviation.
median as (
    select median(ln(amount_base)) as log_median, from {{ ref('opportunities') }}
    where amount_base > 0
),

spread as (
    select any_value(median.log_median) as log_median, median(abs(ln(deals.amount_base) - median.log_median)) as log_deviation,
    from {{ ref('opportunities') }} as deals
    cross join median
    where deals.amount_base > 0
),

deals as (
    select
        deals.*,
        run.as_of,
        rules.*,
        coalesce(reps.is_active, true) = false as is_owner_gone,
        if(
            deals.amount_base > 0,
            0.6745 * (ln(deals.amount_base) - spread.log_median) / nullif(spread.log_deviation, 0), null
        ) as z_score,
    from {{ ref('opportunities') }} as deals
    cross join run
    cross join rules
    cross join spread
    left join {{ ref('int_reps') }} as reps using (rep_id)
),

deal_findings as (
    {{ deal_anomalies('deals') }}
),

final as (
    select
        rule,
        'opportunities' as object,
        source_system,
        source_id,
        opportunity_id,
        customer_id,
        rep_id,
        rep_name,
        is_open,
        amount_base,
        evidence,
    from deal_findings
    union all
    select
        'owner_gone', 'accounts', split_part(customers.customer_name_source, '|', 1),
        substr(customers.customer_name_source, position('|' in customers.customer_name_source) + 1),
        null,
        owners.customer_id,
        owners.rep_id,
        owners.rep_name,
        null,
        null, 'the owner of the customer has left',
    from {{ ref('int_customer_owners') }} as owners
    inner join {{ ref('int_customers') }} as customers using (customer_id)
    where owners.is_owner_gone
    union all
    select
        'day_in_future', 'invoices', lines.source_system, lines.source_id, null, lines.customer_id, lines.rep_id, null, null,
        lines.amount_base, 'invoiced on ' || lines.invoiced_on,
    from {{ ref('int_revenue_lines') }} as lines
    cross join run
    where lines.invoiced_on > run.as_of
)

select * from final
