-- One row per currency and day on which it can be converted: the newest rate of the last few days, into base currency;
-- through a third currency where no system sends one into it.
with run as (
    select * from {{ source('control', 'run') }}
),

systems as (
    select
        source_system,
        priority
    from {{ source('control', 'systems') }}
),

sent_rates as (
    select
        rates.*,
        coalesce(systems.priority, 1000) as priority,
    from {{ ref('stg_exchange_rates') }} as rates
    left join systems using (source_system)
    where rates.currency <> rates.base_currency and rates.rate > 0
),

-- a rate from the base currency is inverted
direct_rates as (
    select
        if(rates.base_currency = run.base_currency, rates.currency, rates.base_currency) as currency,
        rates.rated_on,
        if(rates.base_currency = run.base_currency, rates.rate, 1 / rates.rate) as rate,
        if(rates.base_currency = run.base_currency, 0, 1) as detour,
        rates.source_system,
        rates.source_id,
        rates.priority,
        rates.exported_at,
    from sent_rates as rates
    cross join run
    where run.base_currency in (rates.base_currency, rates.currency)
),

-- Two rates of one day and system into the same third currency are a rate between the two.
cross_rates as (
    select
        rates.currency,
        rates.rated_on,
        rates.rate / through.rate as rate,
        2 as detour,
        rates.source_system,
        rates.source_id,
        rates.priority,
        rates.exported_at,
    from sent_rates as rates
    inner join sent_rates as through using (source_system, base_currency, rated_on)
    inner join run on through.currency = run.base_currency
    where rates.currency <> run.base_currency
),

quoted_rates as (
    select * from direct_rates
    union all
    select * from cross_rates
),

dated_rates as (
    select * from quoted_rates
    qualify row_number() over (
        partition by currency, rated_on
        order by detour asc, priority asc, exported_at desc, source_system asc, source_id asc
    ) = 1
),

-- each rate holds until the next one, or until it is too old
rate_spans as (
    select
        dated_rates.*,
        least(
            rated_on + cast(run.rate_carry_forward_days as integer),
            coalesce(lead(rated_on) over (partition by currency order by rated_on) - 1, date '9999-12-31')
        ) as carried_to
    from dated_rates
    cross join run
),

foreign_rates as (
    select
        currency,
        cast(unnest(generate_series(rated_on, carried_to, interval 1 day)) as date) as rate_on,
        rate,
        rated_on,
        source_system
    from rate_spans
)

select
    currency,
    rate_on,
    -- wide, because DuckDB multiplies two 18-digit decimals in 18 digits and fails above a million
    cast(rate as decimal(28, 8)) as rate,
    rated_on,
    rated_on < rate_on as is_carried,
    source_system
from foreign_rates
union all
select
    run.base_currency as currency,
    days.day as rate_on,
    cast(1 as decimal(28, 8)) as rate,
    days.day as rated_on,
    false as is_carried,
    null as source_system
from {{ ref('int_calendar_days') }} as days
cross join run
