{{ config(meta={'dagster': {'ref': {'name': 'record_lineage'}}}) }}

-- Any number can be walked back to the row it came from: no line of revenue or orders without its place in a file.
select
    served.served_table,
    served.served_key
from (
    select
        'revenue' as served_table,
        revenue_id as served_key
    from {{ ref('revenue') }}
    union all
    select
        'orders' as served_table,
        order_line_id as served_key
    from {{ ref('orders') }}
) as served
anti join {{ ref('record_lineage') }} as lineage
    on served.served_table = lineage.served_table and served.served_key = lineage.served_key
