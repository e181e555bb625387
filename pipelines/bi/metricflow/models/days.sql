select day as date_day from {{ source('marts', 'calendar') }}
