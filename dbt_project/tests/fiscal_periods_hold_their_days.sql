-- Whatever month the fiscal year begins in, a day lies within its own fiscal year and quarter.
select
    day,
    fiscal_year_start,
    fiscal_quarter_start
from {{ ref('calendar') }}
where
    day not between fiscal_quarter_start and fiscal_quarter_start + interval 3 month - interval 1 day
    or fiscal_quarter_start not between fiscal_year_start and fiscal_year_start + interval 9 month
    or fiscal_month <> date_diff('month', fiscal_year_start, day) + 1
