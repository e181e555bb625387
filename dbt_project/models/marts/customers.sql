-- One row per customer: the golden record, every attribute with the record that it comes from.
select * from {{ ref('int_customers') }}
