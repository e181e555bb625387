-- One row per series, period and run: the forecast that was served and the actual.
with

run as (select * from {{ source('control', 'run') }}),

-- Live versions and revisions were served at their time; backfills were computed later from the exports of their day.
issued as (
    select * from {{ source('forecast', 'values') }}
    where
        is_served
        and scenario = 'base'
        and run_kind in ('live', 'revision', 'backfill')
),

series as (select * from {{ source('forecast', 'series') }}),

actuals as (select * from {{ ref('series_history') }}),

compared as (
    select
        issued.*,
        case when issued.run_kind = 'backfill' then 'replayed' else 'ledger' end as basis,
        coalesce(series.metric, {{ series_part('metric', 'issued.unique_id') }}) as metric,
        coalesce(series.level, {{ series_part('level', 'issued.unique_id') }}) as level,
        coalesce(series.member, {{ series_part('member', 'issued.unique_id') }}) as member,
        coalesce(series.freq, {{ series_part('freq', 'issued.unique_id') }}) as freq,
        actuals.y as actual,
        case when actuals.y is not null then run.as_of end as actual_as_of,
        actuals.y - issued.yhat as deviation,
    from issued
    cross join run
    left join series using (unique_id)
    left join actuals
        on issued.unique_id = actuals.unique_id
        and issued.period_start = actuals.ds
),

final as (
    select
        unique_id,
        metric,
        level,
        member,
        freq,
        period_start,
        run_id,
        run_kind,
        as_of,
        issued_at,
        horizon,
        cast({{ periods_between('freq', 'as_of', 'period_start') }} as bigint) as lag,
        model,
        yhat,
        lo_80,
        hi_80,
        lo_95,
        hi_95,
        actual,
        actual_as_of,
        deviation,
        case when actual = 0 and yhat = 0 then 0 else deviation / nullif(abs(actual), 0) end as relative_deviation,
        actual between lo_80 and hi_80 as is_within_80,
        actual between lo_95 and hi_95 as is_within_95,
        skill,
        fallback_reason,
        basis,
    from compared
)

select * from final
