{# A seed has the name stages in dbt; the table is served as marts.stages. #}
{{ config(alias='stages') }}

-- One row per canonical stage, with the days that deals have spent in it.
with

stays as (
    select * from {{ ref('int_stage_history') }}
    where is_entry_observed
),

stays_by_stage as (
    select
        stage_code,
        count(*) filter (where left_on is not null) as finished_stays,
        median(days_in_stage) filter (where left_on is not null) as median_days,
        quantile_cont(days_in_stage, 0.9) filter (where left_on is not null) as p90_days,
    from stays
    group by stage_code
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
        coalesce(stays_by_stage.finished_stays, 0) as finished_stays,
        stays_by_stage.median_days,
        stays_by_stage.p90_days,
    from {{ ref('stages') }} as stages
    left join {{ ref('stage_rules') }} as rules using (stage_code)
    left join stays_by_stage using (stage_code)
)

select * from final
