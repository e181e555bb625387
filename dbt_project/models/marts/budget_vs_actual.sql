-- One row per budget line, department, region, product line, period and version: what was budgeted and what was spent.
with

run as (select * from {{ source('control', 'run') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

budgets as (
    select
        budgets.source_system || '|' || budgets.source_id as budget_id,
        budgets.budget_line,
        budgets.department,
        {{ region_word('budgets.region', 'regions') }} as region,
        budgets.product_line,
        words.period,
        budgets.period_start,
        {{ last_day_of('words.period', 'budgets.period_start') }} as period_end,
        coalesce(nullif(trim(budgets.version), ''), 'original') as version,
        budgets.amount,
        budgets.amount_spent,
        budgets.currency,
        budgets.exported_at,
    from {{ ref('stg_budgets') }} as budgets
    left join {{ ref('regions') }} as regions on {{ same_word('budgets.region', 'regions.word') }}
    left join {{ ref('period_words') }} as words on lower(trim(budgets.period)) = words.word
),

valued as (
    select
        budgets.*,
        run.as_of,
        -- rates of future days are not known: they are converted at the newest
        if(budgets.currency is null, 1, rates.rate) as base_rate,
    from budgets
    cross join run
    left join rates on budgets.currency = rates.currency and least(budgets.period_start, run.as_of) = rates.rate_on
),

final as (
    select
        budget_id,
        budget_line,
        department,
        region,
        product_line,
        period,
        period_start,
        period_end,
        version,
        row_number() over (
            partition by budget_line, department, region, product_line, period, period_start
            order by exported_at desc, version desc, budget_id desc
        ) = 1 as is_current,
        {{ multiply_money('amount', 'base_rate') }} as budget_base,
        {{ multiply_money('amount_spent', 'base_rate') }} as spent_base,
        budget_base - spent_base as left_base,
        cast(spent_base as double) / nullif(cast(budget_base as double), 0) as relative_spent,
        if(
            period_end is null, null,
            greatest(0, least(1, (as_of - period_start + 1) / (period_end - period_start + 1)))
        ) as elapsed_share,
        spent_base > budget_base as is_overspent,
    from valued
)

select * from final
