-- One row per invoice line, cancelled ones included; an invoice without lines is one line.
with {{ lines_with_headers('stg_invoice_lines', 'stg_invoices', 'invoice_id', 'invoiced_on', ['order_id']) }},

{{ valued_lines('invoiced_on') }}

select * from valued_lines
