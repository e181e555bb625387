-- One row per deal and day on which its typed-in probability or forecast category is known: from its system's own
-- history and from every dated export. What a rep believed then, and whether the deal was open then; the newest of the
-- day counts. What lists repeat of a deal after its closing day stands once.
with

run as (select * from {{ source('control', 'run') }}),

-- Numbered, because counting millions of ids takes longer than counting numbers.
deals as (
    select
        *,
        row_number() over () as deal_number,
    from {{ ref('int_opportunities') }}
),

export_files as (
    select * from {{ ref('stg_export_files') }}
    where object = 'opportunities' and status = 'loaded'
),

recorded as (
    select
        deals.deal_number,
        deals.opportunity_id,
        deals.closed_on,
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
        deals.deal_number,
        deals.opportunity_id,
        deals.closed_on,
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

dated as (
    select
        judgements.*,
        {{ local_date('judgements.observed_at') }} as observed_on,
    from judgements
    cross join run
),

-- Most rows of full lists repeat deals that ended long ago.
repeated as (
    select
        deal_number,
        min(observed_on) as first_on,
    from dated
    where observed_on > closed_on
    group by deal_number
    having
        not bool_or(is_open)
        and {{ is_one_value('probability') }}
        and {{ is_one_value('forecast_category') }}
        and {{ is_one_value('judgement_source') }}
),

told as (
    select dated.*
    from dated
    left join repeated using (deal_number)
    where repeated.deal_number is null or dated.observed_on <= repeated.first_on
),

-- On most days each deal stands in one row: only on the others are rows put in order.
repeated_days as (
    select observed_on
    from told
    group by observed_on
    having count(*) > count(distinct deal_number)
),

-- Of one day the last is kept, and a value that its last row lacks is that of the row before it.
final as (
    select opportunity_id, observed_on, probability, forecast_category, is_open, judgement_source
    from told
    where observed_on not in (select observed_on from repeated_days)
    union all
    select
        any_value(opportunity_id) as opportunity_id,
        observed_on,
        last(probability order by observed_at, landed_at, tie_breaker)
        filter (where probability is not null) as probability,
        last(forecast_category order by observed_at, landed_at, tie_breaker)
        filter (where forecast_category is not null) as forecast_category,
        last(is_open order by observed_at, landed_at, tie_breaker) as is_open,
        last(judgement_source order by observed_at, landed_at, tie_breaker) as judgement_source,
    from told
    where observed_on in (select observed_on from repeated_days)
    group by deal_number, observed_on
)

select * from final
