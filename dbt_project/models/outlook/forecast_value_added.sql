-- One row per basis, metric, level, lag, step, author and step before it: how much less the step was wrong than the earlier
-- one, on the months and members that both spoke of.
with

errors as (select * from {{ ref('forecast_step_errors') }}),

-- An earlier step is that of a model, or what all of an earlier role submitted for the same member.
earlier_steps as (
    select
        basis,
        metric,
        level,
        member,
        period_start,
        lag,
        step_code,
        step_order,
        yhat,
    from errors
    qualify count(*) over (partition by basis, metric, level, member, period_start, lag, step_code) = 1
),

compared as (
    select
        errors.basis,
        errors.metric,
        errors.level,
        errors.lag,
        errors.step_code,
        errors.step_order,
        errors.author,
        earlier.step_code as reference_code,
        earlier.step_order as reference_order,
        count(*) as n,
        min(errors.period_start) as first_period,
        max(errors.period_start) as last_period,
        sum(abs(errors.yhat - errors.actual)) / nullif(sum(abs(errors.actual)), 0) as wape,
        sum(errors.yhat - errors.actual) / nullif(sum(abs(errors.actual)), 0) as bias,
        sum(abs(earlier.yhat - errors.actual)) / nullif(sum(abs(errors.actual)), 0) as wape_reference,
        -- errors of one pair differ together: the spread of the differences is what luck could make of their mean
        stddev_samp(abs(earlier.yhat - errors.actual) - abs(errors.yhat - errors.actual)) * sqrt(count(*))
        / nullif(sum(abs(errors.actual)), 0) as value_added_error,
    from errors
    inner join earlier_steps as earlier using (basis, metric, level, member, period_start, lag)
    where earlier.step_order < errors.step_order
    group by all
),

final as (
    select
        basis,
        metric,
        level,
        lag,
        step_code,
        step_order,
        author,
        reference_code,
        reference_order = max(reference_order) over (
            partition by basis, metric, level, lag, step_code, author
        ) as is_step_before,
        n as forecast_count,
        first_period,
        last_period,
        round(wape, 6) as wape,
        round(bias, 6) as bias,
        round(wape_reference, 6) as wape_reference,
        round(wape_reference - wape, 6) as value_added,
        round(wape_reference - wape - 1.959964 * value_added_error, 6) as value_added_low_95,
        round(wape_reference - wape + 1.959964 * value_added_error, 6) as value_added_high_95,
    from compared
)

select * from final
