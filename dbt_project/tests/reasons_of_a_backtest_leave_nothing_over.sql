-- The remainder closes every bridge, so it must not hide a hole: what a backtest met as actual comes from the same lines
-- and deals as the reasons, in the same run. Left over may be what rounding to four decimals costs, no more.
-- Issued forecasts are not held to it: their past may have been corrected since.
select
    unique_id,
    lag,
    period_start,
    as_of,
    actual,
    effect as remainder,
from {{ ref('variance_bridge') }}
where
    basis = 'backtest'
    and reason = 'remainder'
    and level in ('total', 'region', 'product_line', 'team')
    and abs(effect) > 0.01 + 1e-9 * abs(actual)
