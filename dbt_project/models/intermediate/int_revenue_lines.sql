-- One row per line of revenue. Money is counted once: a system's invoices, or its orders where it sends no invoices.
-- A view: a third copy of the widest table would cost more than all its readers save.
{{ config(materialized='view') }}
with systems as (
    select
        source_system,
        recognise
    from {{ source('control', 'systems') }}
),

invoiced_lines as (
    select
        lines.*,
        'invoice' as recognised_from
    from {{ ref('int_invoice_lines') }} as lines
    inner join systems on lines.source_system = systems.source_system
    where systems.recognise = 'invoice' and not lines.is_cancelled
),

ordered_lines as (
    select
        lines.* exclude (ordered_on, opportunity_id),
        lines.ordered_on as invoiced_on,
        'order' as recognised_from
    from {{ ref('int_order_lines') }} as lines
    inner join systems on lines.source_system = systems.source_system
    where systems.recognise = 'order' and not lines.is_cancelled
)

select * from invoiced_lines
union all by name
select * from ordered_lines
