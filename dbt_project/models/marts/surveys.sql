-- One row per answered satisfaction survey up to as_of, on one scale from 0 to 1.
with

run as (select * from {{ source('control', 'run') }}),

rules as (select {{ rule('satisfied_share') }} as satisfied_share from {{ ref('customer_rules') }}),

final as (
    select
        surveys.source_system || '|' || surveys.source_id as survey_id,
        customers.customer_id,
        surveys.answered_on,
        surveys.kind,
        surveys.score,
        surveys.scale_max,
        surveys.score / nullif(surveys.scale_max, 0) as score_share,
        surveys.score / nullif(surveys.scale_max, 0) >= rules.satisfied_share as is_satisfied,
        surveys.source_system,
        surveys.source_id,
        surveys.exported_at,
    from {{ ref('stg_surveys') }} as surveys
    cross join run
    cross join rules
    left join {{ source('resolved', 'customer_map') }} as customers
        on surveys.source_system = customers.source_system and surveys.account_source_id = customers.source_id
    where surveys.answered_on <= run.as_of
)

select * from final
