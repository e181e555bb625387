-- One row per metric, dimension member, period and version of the plan: the target.
with

run as (select * from {{ source('control', 'run') }}),

members as (select * from {{ ref('int_plan_members') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

dated_targets as (
    select
        targets.* replace (
            lower(targets.metric) as metric,
            lower(targets.level) as level,
            -- one member however a version of the plan spells it
            coalesce(members.member, nullif(trim(targets.member), ''), '') as member
        ),
        cast(date_trunc('month', targets.period_start) as date) as first_month,
        case lower(coalesce(targets.period, 'month'))
            when 'year' then 12
            when 'quarter' then 3
            else 1
        end as month_count,
    from {{ ref('stg_targets') }} as targets
    left join members on lower(targets.level) = members.level and lower(trim(targets.member)) = members.word
),

final as (
    select
        targets.source_system || '|' || targets.source_id as target_id,
        targets.metric,
        targets.level,
        targets.member,
        targets.first_month as period_start,
        case targets.month_count when 12 then 'year' when 3 then 'quarter' else 'month' end as period,
        cast(targets.first_month + to_months(targets.month_count) - interval 1 day as date) as period_end,
        targets.amount,
        targets.currency,
        {{ plan_amount('targets') }} as amount_base,
        coalesce(lower(targets.version), 'original') as version,
        -- of several versions of one target the one exported last is pursued
        row_number() over (
            partition by targets.metric, targets.level, targets.member, targets.first_month, targets.month_count
            order by
                targets.exported_at desc, lower(targets.version) = 'original' asc, targets.version desc, target_id desc
        ) = 1 as is_current,
        targets.source_system,
        targets.source_id,
    from dated_targets as targets
    cross join run
    -- rates of future days are not known: future targets are converted at the newest rate
    left join rates
        on targets.currency = rates.currency and least(targets.first_month, run.as_of) = rates.rate_on
)

select * from final
