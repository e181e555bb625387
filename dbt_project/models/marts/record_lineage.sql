-- One row per served record and source row: any number can be walked back to the export that it came from.
with document_lines as (
    select 'revenue' as served_table, recognised_from || '_lines' as line_object, * from {{ ref('int_revenue_lines') }}
    union all by name
    select 'orders' as served_table, 'order_lines' as line_object, * from {{ ref('int_order_lines') }}
),

served_records as (
    select served_table, line_key as served_key, line_object as object, source_system, source_id
    from document_lines
    where line_kind = 'line'
    union all
    select served_table, line_key, replace(line_object, '_lines', 's'), source_system, header_source_id
    from document_lines
    where header_source_id is not null
    union all
    select 'receipts', receipt_id, 'receipts', source_system, source_id from {{ ref('receipts') }}
    union all
    select 'targets', target_id, 'targets', source_system, source_id from {{ ref('targets') }}
    union all
    select 'customer_360', customer_id, 'accounts', source_system, source_id
    from {{ source('resolved', 'customer_map') }}
    union all
    select 'opportunities', opportunity_id, 'opportunities', source_system, source_id
    from {{ ref('opportunity_crosswalk') }}
    where opportunity_id is not null
    union all
    select 'products', product_id, 'products', source_system, source_id from {{ ref('int_product_records') }}
    where not is_implied
    union all
    select 'reps', rep_id, 'reps', source_system, source_id from {{ ref('int_rep_records') }}
    where not is_implied
)

select
    'marts' as served_schema,
    served_records.served_table,
    served_records.served_key,
    served_records.object,
    served_records.source_system,
    served_records.source_id,
    sources._file_id as file_id,
    files.path,
    sources._record as record,
    sources.exported_at
from served_records
inner join {{ ref('int_record_sources') }} as sources
    on served_records.object = sources.object
    and served_records.source_system = sources.source_system
    and served_records.source_id = sources.source_id
inner join {{ ref('stg_export_files') }} as files on sources._file_id = files.file_id
