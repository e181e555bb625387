select * from {{ source('marts', 'leads') }}
