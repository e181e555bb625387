-- One row per plan element, rep and period that has begun: target, actual and attainment that a commission is reckoned on.
with

run as (select * from {{ source('control', 'run') }}),

attained as (
    select * from {{ ref('target_attainment') }}
    where is_current and actual_value is not null
),

own as (
    select * from {{ ref('kpi_values') }}
    where dimension = 'rep'
),

final as (
    select
        elements.element,
        reps.rep_id,
        reps.rep_name,
        reps.role,
        reps.team,
        elements.kpi,
        elements.dimension,
        attained.member,
        attained.period,
        attained.period_start,
        attained.period_end,
        attained.version,
        run.base_currency as currency,
        elements.weight,
        attained.target_value,
        attained.actual_value,
        attained.attainment,
        own.value as own_value,
        own.n as own_n,
        attained.is_complete as is_final,
    from {{ ref('plan_elements') }} as elements
    cross join run
    inner join attained
        on
        elements.kpi = attained.kpi
        and elements.dimension = attained.dimension
        and elements.period = attained.period
    inner join {{ ref('reps') }} as reps
        on attained.member = case elements.dimension
            when 'rep' then reps.rep_id
            when 'team' then reps.team
            when 'region' then reps.region
            when 'total' then ''
        end
        -- whoever worked in the period, for a day at least
        and coalesce(reps.hired_on, attained.period_start) <= attained.period_end
        and coalesce(reps.left_on, attained.period_end) >= attained.period_start
        and (nullif(trim(elements.role), '') is null or {{ same_word('elements.role', 'reps.role') }})
    left join own
        on
        elements.kpi = own.kpi
        and reps.rep_id = own.member
        and attained.period = own.period
        and attained.period_start = own.period_start
)

select * from final
