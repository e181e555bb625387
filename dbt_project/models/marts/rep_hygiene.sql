-- One row per rep and month: what a pay process reads of data quality and of promised contacts, each rate with its n.
with

reps as (select * from {{ ref('int_reps') }}),

health as (
    select * from {{ ref('data_health') }}
    where level = 'rep' and member <> 'unmapped'
),

-- Weeks and quarters count in the month in which they end; only periods whose outcome the exports can tell.
contacts as (
    select
        rep_id,
        cast(date_trunc('month', period_end) as date) as period_start,
        count(*) as due_period_count,
        count(*) filter (where verdict_code = 'met') as met_period_count,
    from {{ ref('contact_compliance') }}
    where verdict_code in ('met', 'breach') and rep_id is not null
    group by all
),

final as (
    select
        health.member as rep_id,
        reps.rep_name,
        coalesce(reps.team, 'unmapped') as team,
        reps.is_active,
        health.period_start,
        health.seen_to,
        health.record_count,
        health.required_count,
        health.completeness_share,
        health.validity_share,
        health.uniqueness_share,
        health.open_count,
        health.touch_known_count,
        health.timeliness_share,
        health.health_share,
        coalesce(contacts.due_period_count, 0) as due_period_count,
        contacts.met_period_count / contacts.due_period_count as contact_compliance_rate,
    from health
    inner join reps on health.member = reps.rep_id
    left join contacts on health.member = contacts.rep_id and health.period_start = contacts.period_start
)

select * from final
