-- One row per source system, object and column: rows in which it is filled or cannot be, and rows quarantined because of it.
-- Column `*` is the total over all columns.
{% set objects = [
    'accounts', 'contacts', 'leads', 'opportunities', 'opportunity_lines', 'orders', 'order_lines', 'invoices',
    'invoice_lines', 'receipts', 'products', 'reps', 'activities', 'tickets', 'contracts', 'targets',
] %}
with

run as (select * from {{ source('control', 'run') }}),

completeness as (
    {% for object in objects %}
        {{ column_completeness(ref('stg_' ~ object), object) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

row_counts as (
    select
        source_system,
        object,
        '*' as column_name,
        max(row_count) as row_count,
        sum(filled_applicable_count) as filled_cells,
        sum(applicable_count) filter (where filled_count > 0) as cells,
    from completeness
    group by source_system, object
),

measured as (
    select
        source_system,
        object,
        column_name,
        row_count,
        filled_count,
        row_count - applicable_count as not_applicable_count,
        filled_applicable_count / nullif(applicable_count, 0) as filled_share,
    from completeness
    union all
    select
        source_system,
        object,
        column_name,
        row_count,
        row_count,
        0,
        -- Columns that a system never fills do not count.
        filled_cells / nullif(cells, 0),
    from row_counts
),

visible_refusals as (
    select refused.*
    from {{ source('quality', 'quarantine') }} as refused
    inner join {{ ref('stg_export_files') }} using (file_id)
),

-- A row may be refused for several columns, and counts for each; of older versions only the first is known.
refused_columns as (
    select
        source_system,
        object,
        file_id,
        record,
        unnest(coalesce(list_transform(faults, lambda fault: fault.column_name), [column_name])) as column_name,
    from visible_refusals
),

refusals as (
    select source_system, object, column_name, count(distinct (file_id, record)) as refused_count  -- noqa: LT01,LT06
    from refused_columns
    where column_name is not null
    group by all
    union all
    select source_system, object, '*', count(distinct (file_id, record))  -- noqa: LT01,LT06
    from visible_refusals
    group by all
),

final as (
    select
        source_system,
        object,
        column_name,
        coalesce(measured.row_count, 0) as row_count,
        coalesce(measured.filled_count, 0) as filled_count,
        coalesce(measured.not_applicable_count, 0) as not_applicable_count,
        measured.filled_share,
        coalesce(measured.filled_count > 0, false) as is_delivered,
        coalesce(refusals.refused_count, 0) as refused_count,
        run.as_of,
    from measured
    full join refusals using (source_system, object, column_name)
    cross join run
)

select * from final
