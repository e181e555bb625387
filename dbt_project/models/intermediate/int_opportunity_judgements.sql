-- One row per deal and day on which its typed-in probability or forecast category is known: from its system's own
-- history and from every dated export. What a rep believed then, and whether the deal was open then; the newest of the
-- day counts.
with

run as (select * from {{ source('control', 'run') }}),

deals as (select * from {{ ref('int_opportunities') }}),

export_files as (
    select * from {{ ref('stg_export_files') }}
    where object = 'opportunities' and status = 'loaded'
),

recorded as (
    select
        deals.opportunity_id,
        changes.changed_at as observed_at,
        cast(null as timestamp) as landed_at,
        changes.probability,
        cast(null as varchar) as forecast_category,
        {{ last_known('changes.stage', 'changes.changed_at, changes.source_id') }} as stage,
        cast(null as varchar) as status,
        'exported_history' as judgement_source,
        changes.source_id as tie_breaker,
    from {{ ref('stg_opportunity_history') }} as changes
    cross join run
    inner join deals
        on changes.source_system = deals.source_system
        and changes.opportunity_id = deals.source_deal_id
    where changes.changed_at < run.as_of_end_at
    qualify changes.probability is not null
),

exported as (
    select
        deals.opportunity_id,
        exported.exported_at as observed_at,
        export_files.landed_at,
        exported.probability,
        nullif(trim(exported.forecast_category), '') as forecast_category,
        exported.stage,
        exported.status,
        'dated_exports' as judgement_source,
        export_files.file_id || lpad(cast(exported._record as varchar), 12, '0') as tie_breaker,
    from {{ source('raw', 'opportunities') }} as exported
    inner join export_files on exported._file_id = export_files.file_id
    inner join deals
        on exported.source_system = deals.source_system and exported.source_id = deals.source_id
    where exported.probability is not null or exported.forecast_category is not null
),

stated as (
    select * from recorded
    union all
    select * from exported
),

judgements as (
    select
        stated.* exclude (stage, status),
        coalesce(outcomes.stage_type = 'open', true) as is_open,
    from stated
    left join {{ ref('int_stage_outcomes') }} as outcomes
        on stated.stage = outcomes.source_stage_code
        and stated.status is not distinct from outcomes.source_status
),

-- Of one day the last is kept, and a value that its last row lacks is that of the row before it.
final as (
    select
        judgements.opportunity_id,
        {{ local_date('judgements.observed_at') }} as observed_on,
        last(judgements.probability order by observed_at, landed_at, tie_breaker)
        filter (where judgements.probability is not null) as probability,
        last(judgements.forecast_category order by observed_at, landed_at, tie_breaker)
        filter (where judgements.forecast_category is not null) as forecast_category,
        last(judgements.is_open order by observed_at, landed_at, tie_breaker) as is_open,
        last(judgements.judgement_source order by observed_at, landed_at, tie_breaker) as judgement_source,
    from judgements
    cross join run
    group by all
)

select * from final
