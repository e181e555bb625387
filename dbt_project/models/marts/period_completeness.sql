-- One row per metric, source object and week, month or quarter that has ended in the last year: whether the object's
-- exports cover it.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select * from {{ ref('completeness_rules') }}),

coverage as (select * from {{ ref('int_source_coverage') }}),

period_starts as (
    {% for period in ['week', 'month', 'quarter'] %}
        select
            '{{ period }}' as period,
            interval 1 {{ period }} as step,
            cast(unnest(generate_series(
                date_trunc('{{ period }}', run.as_of - cast(rules.value as integer)), run.as_of, interval 1 {{ period }}
            )) as date) as period_start,
        from run
        cross join rules
        where rules.rule = 'shown_days'
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

periods as (
    select
        period,
        period_start,
        cast(period_start + step - interval 1 day as date) as period_end,
    from period_starts
),

final as (
    select
        coverage.metric,
        coverage.source_system,
        coverage.contract,
        coverage.object,
        periods.period,
        periods.period_start,
        periods.period_end,
        case
            when coverage.last_exported_on >= periods.period_end then 'complete'
            when coverage.ended_reason is not null then 'ended'
            else 'waiting'
        end as status,
        coverage.last_exported_on as covered_to,
        coverage.ended_reason,
        case when status = 'waiting' then coverage.expected_on end as expected_on,
        status = 'waiting' and coverage.expected_on < run.as_of as is_overdue,
        coverage.is_required,
        bool_and(status <> 'waiting') over (
            partition by coverage.metric, periods.period, periods.period_start
        ) as is_period_complete,
        case
            when status = 'waiting'
                then
                    'the ' || periods.period || ' from ' || periods.period_start || ' waits for ' || coverage.contract
                    || ' of ' || coverage.source_system || ' exported on ' || periods.period_end
                    || ' or later; the newest is of ' || coverage.last_exported_on
            when status = 'ended' and coverage.ended_reason = 'silence'
                then
                    coverage.contract || ' of ' || coverage.source_system || ' has not been exported since '
                    || coverage.last_exported_on || ' while others have: taken as ended'
        end as waits_for,
    from coverage
    cross join periods
    cross join run
    where periods.period_end <= run.as_of
)

select * from final
