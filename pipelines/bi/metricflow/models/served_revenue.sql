select * from {{ source('marts', 'revenue') }}
