-- One row per alert as of this run. The id stays the same from run to run.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select * from {{ ref('alert_rules') }}),

-- The last version before the period began; a replayed one only where none was served then.
last_forecasts as (
    select * from {{ ref('forecast_vs_actual') }}
    where actual is not null and lag >= 1
    qualify row_number() over (
        partition by unique_id, period_start
        order by basis = 'ledger' desc, as_of desc, issued_at desc, run_id desc
    ) = 1
),

newest_exports as (
    select
        objects.source_system || '/' || objects.contract as object_name,
        objects.cadence_days,
        max(files.exported_at) as exported_at,
    from {{ source('control', 'objects') }} as objects
    inner join {{ ref('stg_export_files') }} as files
        on objects.source_system = files.source_system and objects.contract = files.contract
    where files.status = 'loaded'
    group by all
),

findings as (
    select
        'forecast_deviation' as kind,
        unique_id as subject,
        period_start as happened_on,
        -- In distances from the forecast to the bound on the side of the actual.
        deviation / nullif(case when deviation > 0 then hi_95 - yhat else lo_95 - yhat end, 0) as value,
        value >= 2 as is_critical,
        {{ series_in_words('metric', 'member') }} || ' for the period from ' || period_start
        || ': actual ' || {{ figure('actual') }} || ', outside the 95 % interval ' || {{ figure('lo_95') }} || ' to '
        || {{ figure('hi_95') }} || ' of the ' || case basis when 'replayed' then 'replayed ' else '' end || 'forecast '
        || {{ figure('yhat') }} as message,
    from last_forecasts
    where not is_within_95
    union all
    select
        'target_shortfall', target_id, period_end, reach_probability, outlook = 'no_longer_possible',
        {{ series_in_words('metric', 'member') }} || ': the chance of reaching the target '
        || 'for the ' || period || ' from ' || period_start || ' is ' || cast(round(100 * reach_probability) as bigint)
        || ' %; ' || cast(round(100 * expected_attainment) as bigint) || ' % of it is expected ('
        || case outlook
            when 'no_longer_possible' then 'too late for new deals'
            when 'out_of_reach' then 'more than new deals can bring in time'
            else replace(outlook, '_', ' ')
        end || ')'
    from {{ ref('target_gap') }}
    -- Targets that begin more than three months ahead do not alert yet; of sums the targets that were given do.
    where target_basis = 'given' and days_left > 0 and period_start <= as_of + interval 3 month
    union all
    select
        'stale_source', newest_exports.object_name, {{ local_date('newest_exports.exported_at') }},
        date_diff('day', {{ local_date('newest_exports.exported_at') }}, run.as_of) / newest_exports.cadence_days,
        false,
        'newest export of ' || newest_exports.object_name || ' is '
        || date_diff('day', {{ local_date('newest_exports.exported_at') }}, run.as_of)
        || ' days old, promised every ' || newest_exports.cadence_days
    from newest_exports
    cross join run
    union all
    select
        'incomplete_period', source_system || '/' || contract, period_start, date_diff('day', period_end, run.as_of),
        -- a list of payments makes no actual: nothing is held back for it
        bool_or(is_required and is_overdue and metric <> 'receipts'),
        {{ in_words("string_agg(distinct metric, ', ' order by metric)") }} || ': ' || any_value(waits_for)
    from {{ ref('period_completeness') }}
    cross join run
    where status = 'waiting' and period = 'month'
    group by source_system, contract, period_start, period_end, run.as_of
    union all
    select
        'rejected_file', file_id, happened_on, 1, true,
        case when object = '' then 'unknown object' else source_system || '/' || contract end
        || ': ' || path || ' was rejected'
        || case when is_dated then '' else '; it has no export date and landed on ' || happened_on end
    from {{ ref('int_standing_rejections') }}
    union all
    select
        'unrated_amount', source_system, any_value(run.as_of), count(*), true,
        count(*) || ' deals of ' || source_system || ' have an amount and no exchange rate'
    from {{ ref('opportunities') }}
    cross join run
    where amount is not null and amount_base is null
    group by source_system
    union all
    select
        'forecast_without_skill',
        {{ series_part('metric') }} || '|' || {{ series_part('level') }} || '|' || {{ series_part('freq') }},
        min(period_start), count(distinct horizon), false,
        {{ in_words(series_part('metric')) }} || ' by ' || {{ in_words(series_part('level')) }} || ': ' || count(distinct horizon)
        || ' periods from ' || min(period_start) || ' on are served as '
        || string_agg(distinct model, ', ' order by model) || ', which no model beats'
    from {{ source('forecast', 'latest') }}
    where skill = 'none' and scenario = 'base'
    group by {{ series_part('metric') }}, {{ series_part('level') }}, {{ series_part('freq') }}
),

final as (
    select
        md5(findings.kind || '|' || findings.subject || '|' || findings.happened_on) as alert_id,
        findings.kind,
        case when coalesce(findings.is_critical, false) then 'critical' else rules.severity end as severity,
        findings.subject,
        findings.happened_on,
        cast(findings.value as double) as value,
        rules.threshold,
        findings.message,
        run.as_of,
    from findings
    cross join run
    inner join rules
        on findings.kind = rules.kind
        and (findings.value < rules.threshold) = (findings.kind = 'target_shortfall')
)

select * from final
