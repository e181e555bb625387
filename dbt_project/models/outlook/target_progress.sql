-- One row per current target: actual to date, forecast of the rest, and open pipeline of the period.
with

run as (select * from {{ source('control', 'run') }}),

targets as (select * from {{ ref('int_current_targets') }}),

-- Up to which day the actuals are complete: later ones wait for an export, and the forecast stands in for what is missing.
complete as (
    select
        targets.target_id,
        least(run.as_of, coalesce(coverage.covered_to, run.as_of)) as complete_to,
    from targets
    cross join run
    left join {{ ref('int_metric_coverage') }} as coverage using (metric)
),

actual_days as (select * from {{ ref('int_actual_days') }}),

forecast_months as (select * from {{ ref('allocated_forecasts') }}),

closed as (
    select
        targets.target_id,
        round(sum(actual_days.y), 4) as closed_amount,
    from targets
    inner join actual_days using (metric, level, member)
    where actual_days.happened_on between targets.period_start and targets.period_end
    group by targets.target_id
),

months_ahead as (
    select
        targets.target_id,
        targets.metric,
        targets.level,
        targets.member,
        cast(unnest(generate_series(
            greatest(targets.period_start, date_trunc('month', complete.complete_to + 1)),
            targets.period_end, interval 1 month
        )) as date) as month_start,
    from targets
    inner join complete using (target_id)
    where targets.period_end > complete.complete_to
),

month_actuals as (
    select metric, level, member, cast(date_trunc('month', happened_on) as date) as month_start, round(sum(y), 4) as y
    from actual_days
    group by all
),

-- For the month that has begun, the forecast less its actual to date; never below 0.
expected as (
    select
        months_ahead.target_id,
        count(*) as month_count,
        count(forecast_months.yhat) as forecast_month_count,
        any_value(forecast_months.basis) as basis,
        round(sum(greatest(forecast_months.yhat - coalesce(month_actuals.y, 0), 0)), 4) as forecast_rest,
        round(sum(greatest(forecast_months.lo_80 - coalesce(month_actuals.y, 0), 0)), 4) as forecast_rest_low,
        round(sum(greatest(forecast_months.hi_80 - coalesce(month_actuals.y, 0), 0)), 4) as forecast_rest_high,
    from months_ahead
    left join forecast_months
        on months_ahead.metric = forecast_months.metric
        and months_ahead.level = forecast_months.level
        and months_ahead.member = forecast_months.member
        and months_ahead.month_start = forecast_months.period_start
    left join month_actuals
        on months_ahead.metric = month_actuals.metric
        and months_ahead.level = month_actuals.level
        and months_ahead.member = month_actuals.member
        and months_ahead.month_start = month_actuals.month_start
    group by months_ahead.target_id
),

pipeline as (select * from {{ ref('target_pipeline') }}),

final as (
    select
        targets.*,
        run.as_of,
        coalesce(closed.closed_amount, 0) as closed_amount,
        case
            when targets.period_end <= complete.complete_to then 'closed'
            when expected.forecast_month_count = expected.month_count then expected.basis
            when targets.metric = 'bookings' then 'weighted_pipeline'
            else 'none'
        end as forecast_basis,
        case forecast_basis
            when 'closed' then 0
            when 'weighted_pipeline' then coalesce(cast(pipeline.weighted_amount_base as double), 0)
            when 'none' then null
            else expected.forecast_rest
        end as forecast_rest,
        case forecast_basis when 'closed' then 0 when 'series' then expected.forecast_rest_low end
            as forecast_rest_low_80,
        case forecast_basis when 'closed' then 0 when 'series' then expected.forecast_rest_high end
            as forecast_rest_high_80,
        pipeline.open_amount_base,
    from targets
    cross join run
    inner join complete using (target_id)
    left join closed using (target_id)
    left join expected using (target_id)
    left join pipeline using (target_id)
)

select * from final
