-- One row per deal record and full export that shows it: what of it is filled, and what contradicts itself.
-- The newest export of each month counts, so that systems that export weekly weigh no more than monthly ones.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select
        {{ rule('touched_days') }} as touched_days,
        {{ rule('late_stage_order') }} as late_stage_order,
        {{ rule('history_months', 'integer') }} as history_months,
    from {{ ref('hygiene_rules') }}
),

exports as (
    select
        files.file_id,
        {{ local_date('files.exported_at') }} as seen_on,
        files.exported_at,
        max(files.exported_at) over (
            partition by files.source_system, files.contract, date_trunc('month', {{ local_date('files.exported_at') }})
        ) as newest_of_month,
    from {{ ref('stg_export_files') }} as files
    cross join run
    cross join rules
    where
        files.object = 'opportunities' and files.status = 'loaded' and files.extract = 'full'
        and {{ local_date('files.exported_at') }} > run.as_of - to_months(rules.history_months)
),

records as (
    select
        deals.*,
        exports.seen_on,
        coalesce(deals.owner_id, 'name:' || deals.owner_name) as rep_source_id,
    from {{ source('raw', 'opportunities') }} as deals
    inner join exports on deals._file_id = exports.file_id
    where exports.exported_at = exports.newest_of_month and not coalesce(deals.is_deleted, false)
),

-- All but one of the records that a system has of one deal, whatever linked them.
re_entered as (
    select source_system, source_id from {{ ref('opportunity_crosswalk') }}
    qualify row_number() over (
        partition by source_system, opportunity_id
        order by if(rule = 'survivor', 0, 1), source_id
    ) > 1
),

final as (
    select
        records.source_system,
        records.source_id,
        records.seen_on,
        cast(date_trunc('month', records.seen_on) as date) as period_start,
        reps.rep_id,
        records.stage as stage_code,
        stages.stage_type,
        nullif(coalesce(records.account_id, records.account_name) is not null, false) as account,
        nullif(coalesce(records.owner_id, records.owner_name) is not null, false) as owner,
        nullif(coalesce(records.product_id, records.product_name, records.product_line) is not null, false) as product,
        nullif(records.amount is not null, false) as amount,
        nullif(records.expected_close_on is not null, false) as expected_close_on,
        nullif(records.closed_on is not null, false) as closed_on,
        nullif(records.channel is not null, false) as channel,
        nullif(records.loss_reason is not null, false) as loss_reason,
        nullif(records.next_step is not null, false) as next_step,
        nullif(records.probability is not null, false) as probability,
        nullif(records.deal_type is not null, false) as deal_type,
        nullif(records.region is not null, false) as region,
        greatest(records.last_activity_on, {{ local_date('records.updated_at') }}) as touched_on,
        touched_on > records.seen_on - cast(rules.touched_days as integer) as is_touched,
        coalesce(stages.stage_type in ('won', 'lost') and records.closed_on is null, false)
        or coalesce(records.closed_on < records.created_on, false)
        or coalesce(stages.stage_type in ('won', 'lost') and records.closed_on > records.seen_on, false)
        or coalesce(records.created_on > records.seen_on, false)
        or coalesce(stages.stage_order >= rules.late_stage_order and stages.stage_type <> 'void', false)
        and coalesce(records.amount, 0) <= 0 and stages.stage_type <> 'lost' as is_contradictory,
        re_entered.source_id is not null as is_re_entered,
    from records
    cross join run
    cross join rules
    left join {{ ref('stages') }} as stages on records.stage = stages.stage_code
    left join {{ ref('int_rep_references') }} as names using (source_system, rep_source_id)
    left join {{ ref('int_rep_records') }} as reps
        on names.source_system = reps.source_system and names.source_key = reps.source_key
    left join re_entered on records.source_system = re_entered.source_system and records.source_id = re_entered.source_id
)

select * from final
