select * from {{ source('marts', 'opportunities') }}
