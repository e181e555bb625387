-- One row per current source record: the row of the export that it was read from.
{% for object in ['invoice_lines', 'invoices', 'order_lines', 'orders', 'products', 'receipts', 'reps', 'targets',
                  'opportunities'] -%}
    select
        '{{ object }}' as object,
        source_system,
        source_id,
        exported_at,
        _file_id,
        _record
    from {{ ref('stg_' ~ object) }}
    union all
{% endfor -%}
select
    'accounts' as object,
    source_system,
    source_id,
    exported_at,
    _file_id,
    _record
from {{ ref('stg_account_records') }}
