-- One row per product reference of one system: the product it means.
{{ meant_by('product', ['product_name', 'product_line']) }}
