-- One row per budgeted amount of a cost or revenue line and period, as the newest exports have it.
with current_budgets as (
    {{ current_records('budgets', days=['period_start']) }}
)

select * from current_budgets
