-- One row per order line, cancelled ones included; an order without lines is one line.
with {{ lines_with_headers('stg_order_lines', 'stg_orders', 'order_id', 'ordered_on', ['opportunity_id']) }},

{{ valued_lines('ordered_on') }}

select * from valued_lines
