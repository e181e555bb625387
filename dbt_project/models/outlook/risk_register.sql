-- One row per risk of an exported register: what it threatens, and what it takes from the served forecast.
with

run as (select * from {{ source('control', 'run') }}),

members as (select * from {{ ref('int_plan_members') }}),

status_words as (select * from {{ ref('risk_status_words') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

money as (
    select kpi from {{ ref('kpis') }}
    where unit = 'base currency'
),

risks as (
    select
        risks.source_system || '|' || risks.source_id as risk_id,
        risks.* exclude (metric, level, member),
        lower(trim(risks.metric)) as metric,
        coalesce(lower(trim(risks.level)), 'total') as level,
        coalesce(members.member, nullif(trim(risks.member), ''), '') as member,
        coalesce(status_words.is_closed, false) or coalesce(risks.ends_on < run.as_of, false) as is_closed,
        -- pieces stay pieces whatever the currency of the file is, and money without one is in base currency
        if(
            risks.currency is null or money.kpi is null,
            risks.impact_amount,
            {{ multiply_money('risks.impact_amount', 'rates.rate') }}
        ) as impact,
    from {{ ref('stg_risks') }} as risks
    cross join run
    left join status_words on lower(trim(risks.status)) = status_words.word
    left join money on lower(trim(risks.metric)) = money.kpi
    left join rates on risks.currency = rates.currency and run.as_of = rates.rate_on
    left join members on lower(trim(risks.level)) = members.level and lower(trim(risks.member)) = members.word
),

-- A month counts where it begins inside the days of the risk: the first one of a risk that has begun is next month.
exposed as (
    select
        risks.risk_id,
        count(*) as period_count,
        sum(forecasts.yhat) as yhat,
    from risks
    inner join {{ source('forecast', 'latest') }} as forecasts
        on forecasts.unique_id = concat_ws('|', risks.metric, risks.level, risks.member, 'MS')
        and forecasts.scenario = 'base'
        and forecasts.period_start >= coalesce(date_trunc('month', risks.starts_on), forecasts.period_start)
        and forecasts.period_start <= coalesce(risks.ends_on, forecasts.period_start)
    group by all
),

valued as (
    select
        risks.*,
        coalesce(exposed.period_count, 0) as period_count,
        exposed.yhat,
        if(risks.impact_amount is null, risks.impact_share * exposed.yhat, cast(risks.impact as double)) as loss,
        case
            when risks.is_closed then 'closed'
            when exposed.yhat is null then 'no_forecast'
            when risks.probability is null then 'no_probability'
            when risks.impact_amount is null and risks.impact_share is null then 'no_impact'
            when risks.impact_amount is not null and risks.impact is null then 'no_rate'
            else 'counted'
        end as effect_code,
    from risks
    left join exposed using (risk_id)
),

final as (
    select
        risk_id,
        risk_name,
        category,
        metric,
        level,
        member,
        cast(probability as double) as probability,
        starts_on,
        ends_on,
        period_count,
        yhat,
        cast(loss as double) as loss,
        case when effect_code = 'counted' then -probability * loss end as effect,
        effect / nullif(yhat, 0) as relative_effect,
        effect_code,
        owner_name,
        response,
        trigger_sign,
        status,
    from valued
)

select * from final
