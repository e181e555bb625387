-- One row per served record and source row: the export file, and the row in it, that the record came from.
with document_lines as (
    select
        'revenue' as served_table,
        recognised_from || '_lines' as line_object,
        *
    from {{ ref('int_revenue_lines') }}
    union all by name
    select
        'orders' as served_table,
        'order_lines' as line_object,
        *
    from {{ ref('int_order_lines') }}
),

served_lines as (
    select
        served_table,
        line_key as served_key,
        line_object as object,
        source_system,
        source_id,
        file_id,
        record,
        exported_at
    from document_lines
    where line_kind = 'line'
),

served_headers as (
    select
        served_table,
        line_key as served_key,
        replace(line_object, '_lines', 's') as object,
        source_system,
        header_source_id as source_id,
        header_file_id as file_id,
        header_record as record,
        header_exported_at as exported_at
    from document_lines
    where header_source_id is not null
),

served_records as (
    {{ lineage_of('receipts', 'receipts', 'receipt_id', ref('receipts')) }}
    union all
    {{ lineage_of('targets', 'targets', 'target_id', ref('targets')) }}
    union all
    {{ lineage_of('customer_360', 'account_records', 'customer_id', source('resolved', 'customer_map')) }}
    union all
    {{ lineage_of('opportunities', 'opportunities', 'opportunity_id', ref('opportunity_crosswalk')) }}
    union all
    {{ lineage_of('products', 'products', 'product_id', ref('int_product_records')) }}
    union all
    {{ lineage_of('reps', 'reps', 'rep_id', ref('int_rep_records')) }}
)

select
    'marts' as served_schema,
    served.served_table,
    served.served_key,
    served.object,
    served.source_system,
    served.source_id,
    served.file_id,
    files.path,
    -- where columns were turned into rows, the record number holds the column as well (pipelines/ingest/casting/unpivot.py)
    case when served.record >= 5000000000 then served.record % 10000000 else served.record end as record,
    served.exported_at
from (
    select * from served_lines
    union all
    select * from served_headers
    union all
    select * from served_records
) as served
inner join {{ ref('stg_export_files') }} as files on served.file_id = files.file_id
