{{ config(meta={'dagster': {'ref': {'name': 'revenue'}}}) }}

-- Lines in equal lines out, and so does their money: what staging has and is not cancelled stands in revenue once.
-- A difference means that a join has dropped or doubled lines.
with staged as (
    select
        source_system,
        count(*) as line_count,
        sum(amount_net) filter (where amount_source <> 'missing') as amount_net
    from {{ ref('int_invoice_lines') }}
    where not is_cancelled
    group by source_system
),

staged_rows as (
    select
        source_system,
        count(*) as line_count,
        sum(amount_net) as amount_net
    from {{ ref('stg_invoice_lines') }}
    group by source_system
),

valued_rows as (
    select
        source_system,
        count(*) as line_count,
        sum(amount_net) filter (where amount_source = 'amount_net') as amount_net
    from {{ ref('int_invoice_lines') }}
    where line_kind = 'line'
    group by source_system
),

served as (
    select
        source_system,
        count(*) as line_count,
        sum(amount_net) as amount_net
    from {{ ref('revenue') }}
    where recognised_from = 'invoice'
    group by source_system
)

select
    staged_rows.source_system,
    staged_rows.line_count as staged_line_count,
    valued_rows.line_count as valued_line_count,
    staged.line_count as revenue_line_count,
    served.line_count as served_line_count
from staged_rows
left join valued_rows on staged_rows.source_system = valued_rows.source_system
left join staged on staged_rows.source_system = staged.source_system
left join served on staged_rows.source_system = served.source_system
left join {{ source('control', 'systems') }} as systems on staged_rows.source_system = systems.source_system
where
    staged_rows.line_count is distinct from valued_rows.line_count
    or staged_rows.amount_net is distinct from valued_rows.amount_net
    or (
        systems.recognise = 'invoice'
        and (
            staged.line_count is distinct from served.line_count
            or staged.amount_net is distinct from served.amount_net
        )
    )
