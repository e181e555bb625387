-- One row per level, member, month, object and required field: of the records that need it, how many have it.
with

required as (select * from {{ ref('required_fields') }}),

reps as (select * from {{ ref('int_reps') }}),

-- Counted once per group of records that share all levels, then taken apart by field: fields cost no scan each.
deal_counts as (
    unpivot (
        select
            source_system, period_start, rep_id, stage_code, stage_type,
            count(*) as record_count,
            count(columns(
                [
                    'account', 'owner', 'product', 'amount', 'expected_close_on', 'closed_on', 'channel', 'loss_reason',
                    'next_step', 'probability', 'deal_type', 'region'
                ]
            )),
        from {{ ref('int_deal_records_seen') }}
        group by source_system, period_start, rep_id, stage_code, stage_type
    )
    on columns(* exclude (source_system, period_start, rep_id, stage_code, stage_type, record_count))
    into name column_name value filled_count
),

contact_counts as (
    unpivot (
        select
            people.source_system,
            cast(date_trunc('month', run.as_of) as date) as period_start,
            owners.rep_id,
            count(*) as record_count,
            count(people.phone) as phone,
            count(people.email) as email,
            count(people.job_title) as job_title,
        from {{ ref('stg_contacts') }} as people
        cross join {{ source('control', 'run') }} as run
        left join {{ source('resolved', 'customer_map') }} as map
            on people.source_system = map.source_system and people.account_source_id = map.source_id
        left join {{ ref('int_customer_owners') }} as owners using (customer_id)
        where people.merged_into_id is null and not coalesce(people.is_deleted, false)
        group by all
    )
    on phone, email, job_title into name column_name value filled_count
),

counted as (
    select 'opportunities' as object, * from deal_counts
    union all by name
    select 'contacts' as object, * from contact_counts
),

-- A field that a system never sends is no gap of the people who fill it; it is counted apart.
judged as (
    select
        counted.*,
        sum(counted.filled_count) over (partition by counted.object, counted.source_system, counted.column_name) > 0
            as is_sent,
        required.applies_to = 'all'
        or (required.applies_to = 'open' and counted.stage_type = 'open')
        or (required.applies_to = 'closed' and counted.stage_type in ('won', 'lost'))
        or (required.applies_to = 'lost' and counted.stage_type = 'lost') as is_applicable,
        coalesce(reps.team, 'unmapped') as team,
    from counted
    inner join required using (object, column_name)
    left join reps using (rep_id)
),

members as (
    select
        *,
        unnest(['total', 'source_system', 'rep', 'team', 'stage']) as level,
        unnest(['total', source_system, coalesce(rep_id, 'unmapped'), team, stage_code]) as member,
    from judged
),

final as (
    select
        level,
        member,
        period_start,
        object,
        column_name,
        cast(sum(record_count) as bigint) as record_count,
        cast(coalesce(sum(record_count) filter (where is_applicable and is_sent), 0) as bigint) as required_count,
        cast(coalesce(sum(filled_count) filter (where is_applicable and is_sent), 0) as bigint) as filled_count,
        cast(coalesce(sum(record_count) filter (where is_applicable and not is_sent), 0) as bigint) as not_sent_count,
        cast(coalesce(sum(record_count) filter (where not is_applicable), 0) as bigint) as not_applicable_count,
        sum(filled_count) filter (where is_applicable and is_sent)
        / nullif(sum(record_count) filter (where is_applicable and is_sent), 0) as filled_share,
    from members
    where member is not null
    group by all
)

select * from final
