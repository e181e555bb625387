-- One row per day, with the keys of every period that the company counts in.
select *
from {{ ref('int_calendar_days') }}
