{# A seed has the name stages in dbt; the table is served as marts.stages. #}
{{ config(alias='stages') }}

-- One row per canonical stage, with the days that deals have spent in it.
with

estimates as (
    select * from {{ ref('funnel') }}
    where level = 'total' and period = 'all_time' and stages_covered = stage_code
),

final as (
    select
        stages.stage_code,
        stages.stage_order,
        stages.stage_type,
        stages.label_en,
        stages.label_zh,
        stages.default_probability,
        rules.target_days,
        rules.stalled_days,
        estimates.basis,
        estimates.reached_count,
        estimates.conversion_rate,
        estimates.conversion_low_95,
        estimates.conversion_high_95,
        estimates.mean_days,
        estimates.mean_days_low_95,
        estimates.mean_days_high_95,
        coalesce(estimates.finished_stays, 0) as finished_stays,
        estimates.median_days,
        estimates.p90_days,
    from {{ ref('stages') }} as stages
    left join {{ ref('stage_rules') }} as rules using (stage_code)
    left join estimates using (stage_code)
)

select * from final
