-- One row per buyer and month end: how long it had been silent by its own habit, and whether it then stayed away.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select
        {{ rule('churn_months', 'integer') }} as churn_months,
        {{ rule('history_months', 'integer') }} as history_months,
    from {{ ref('customer_rules') }}
),

buying_days as (
    select customer_id, invoiced_on as bought_on, from {{ ref('int_revenue_lines') }}
    where customer_id is not null and amount_base > 0 and invoiced_on <= (select as_of from run)
    group by all
),

-- Month ends long enough ago for the outcome to be known, and as_of itself.
cutoffs as (
    select as_of as cutoff, from run
    union
    select
        last_day(cast(unnest(generate_series(
            date_trunc('month', run.as_of + 1) - to_months(rules.churn_months + rules.history_months),
            date_trunc('month', run.as_of + 1) - to_months(rules.churn_months + 1), interval 1 month
        )) as date)),
    from run
    cross join rules
),

seen as (
    select
        buying_days.customer_id,
        cutoffs.cutoff,
        count(*) as buying_day_count,
        max(buying_days.bought_on) as last_bought_on,
        (max(buying_days.bought_on) - min(buying_days.bought_on)) / nullif(count(*) - 1, 0) as usual_gap_days,
    from buying_days
    inner join cutoffs on buying_days.bought_on <= cutoffs.cutoff
    group by all
),

-- Who had left already can leave no more.
customers as (
    select seen.*, rules.churn_months, seen.cutoff - seen.last_bought_on as silent_days, from seen
    cross join rules
    where seen.last_bought_on > seen.cutoff - to_months(rules.churn_months)
),

next_purchases as (
    select customers.customer_id, customers.cutoff, min(buying_days.bought_on) as next_bought_on, from customers
    left join buying_days on customers.customer_id = buying_days.customer_id and customers.cutoff < buying_days.bought_on
    group by all
),

banded as (
    select
        customers.customer_id,
        customers.cutoff,
        arg_max(bands.band_code, bands.gaps_from) as band_code,
    from customers
    inner join {{ ref('churn_bands') }} as bands
        on customers.silent_days / if(customers.usual_gap_days < 1, 1, customers.usual_gap_days) >= bands.gaps_from
    group by all
),

final as (
    select
        customers.customer_id,
        customers.cutoff,
        customers.buying_day_count,
        customers.last_bought_on,
        customers.silent_days,
        customers.usual_gap_days,
        customers.silent_days / if(customers.usual_gap_days < 1, 1, customers.usual_gap_days) as relative_silence,
        coalesce(banded.band_code, 'bought_once') as band_code,
        case
            when customers.cutoff + to_months(customers.churn_months) <= run.as_of
                then
                    coalesce(
                        next_purchases.next_bought_on > customers.cutoff + to_months(customers.churn_months), true
                    )
        end as has_left,
    from customers
    cross join run
    inner join next_purchases using (customer_id, cutoff)
    left join banded using (customer_id, cutoff)
)

select * from final
