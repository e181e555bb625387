-- One row per submitted forecast, with the model's forecast of that day and the actual.
-- A submission is for a month, as its object has no other period.
with

run as (select * from {{ source('control', 'run') }}),

submissions as (select * from {{ ref('int_submissions') }}),

served as (
    select * from {{ ref('forecast_vs_actual') }}
    where freq = 'MS' and basis = 'ledger'  -- nobody could read a version that was replayed later
),

month_actuals as (select * from {{ ref('int_actual_months') }}),

-- A member without any actuals, such as a misspelt team, has no actual; it does not count as 0.
measured as (select distinct metric, level, member, true as is_measured from month_actuals),

-- The author's last submission before the month began is scored.
ranked as (
    select
        *,
        submitted_on < period_start as is_in_time,
        row_number() over (
            partition by metric, level, member, period_start, role, author, submitted_on < period_start
            order by submitted_at desc, source_system desc, source_id desc
        ) as newest_first,
    from submissions
),

-- The model's newest forecast that the author could have read on the day of submission.
with_model as (
    select
        ranked.*,
        served.as_of as model_as_of,
        served.run_id as model_run_id,
        served.yhat as model_yhat,
        served.lo_80 as model_lo_80,
        served.hi_80 as model_hi_80,
    from ranked
    left join served
        on ranked.metric = served.metric
        and ranked.level = served.level
        and ranked.member = served.member
        and ranked.period_start = served.period_start
        and ranked.submitted_on >= served.as_of
    qualify row_number() over (
        partition by ranked.source_system, ranked.source_id
        order by served.as_of desc, served.issued_at desc, served.run_id desc
    ) = 1
),

-- A complete month without values is 0; a month that has not ended by as_of has no actual.
final as (
    select
        with_model.* exclude (is_in_time, newest_first, submitted_on),
        with_model.is_in_time and with_model.newest_first = 1 as is_scored,
        with_model.amount between with_model.model_lo_80 and with_model.model_hi_80 as is_within_model_80,
        case
            when measured.is_measured and last_day(with_model.period_start) <= run.as_of
                then coalesce(month_actuals.y, 0)
        end as actual,
    from with_model
    cross join run
    left join month_actuals using (metric, level, member, period_start)
    left join measured using (metric, level, member)
)

select
    *,
    abs(actual - amount) as absolute_error,
    abs(actual - model_yhat) as model_absolute_error,
from final
