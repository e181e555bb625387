{#
  CTE `valued_lines`: the document lines with customer, product, rep, region and money in base currency.

  The value of a line, net of tax, from the best source in the export: its net amount; gross less tax; quantity times unit
  price; quantity times the product's list price of that day less the discount. `amount_source` says which. A gross
  amount without its tax is no net amount: the line stays without one and the gate reports it.

  Cost likewise: the line's, else quantity times the product's unit cost of that day. Money without a currency is base
  currency; money without a rate is null in base currency, never one to one. A line without a readable date keeps its
  money if that is in base currency: it needs no rate, and an undated line is better than a lost one.

  The joins use `is not distinct from`: where a column is empty throughout (no rep in any export), DuckDB folds `=` to
  false and compares every pair of rows.
#}
{% macro valued_lines(day) %}
    priced_lines as (
        select
            lines.*,
            lookup.product_id,
            coalesce(lookup.product_line, 'unmapped') as product_line,
            prices.list_price * (1 - coalesce(lines.discount, 0)) as list_price,
            prices.unit_cost,
            prices.currency as list_currency
        from document_lines as lines
        left join {{ ref('int_product_lookup') }} as lookup
            on lines.source_system = lookup.source_system
            and lines.product_source_id is not distinct from lookup.product_source_id
        left join {{ ref('int_product_prices') }} as prices
            on lookup.product_id = prices.product_id
            and lines.{{ day }} between prices.priced_from and prices.priced_to
    ),

    amounted_lines as (
        select
            priced_lines.* exclude (amount_net, currency),
            case
                when amount_net is not null then 'amount_net'
                when amount_gross is not null and amount_tax is not null then 'gross_less_tax'
                when unit_price is not null and quantity is not null then 'unit_price'
                when list_price is not null and quantity is not null and amount_gross is null then 'list_price'
                else 'missing'
            end as amount_source,
            case amount_source
                when 'amount_net' then amount_net
                when 'gross_less_tax' then cast(amount_gross - amount_tax as decimal(18, 4))
                when 'unit_price' then {{ multiply_money('quantity', 'unit_price') }}
                when 'list_price' then {{ multiply_money('quantity', 'list_price') }}
            end as amount_net,
            coalesce(if(amount_source = 'list_price', list_currency, priced_lines.currency), run.base_currency) as currency,
            case when cost is not null then 'cost' when unit_cost is not null then 'unit_cost' else 'missing' end
                as cost_source,
            coalesce(cost, {{ multiply_money('quantity', 'unit_cost') }}) as cost_amount,
            coalesce(if(cost_source = 'unit_cost', list_currency, priced_lines.currency), run.base_currency)
                as cost_currency
        from priced_lines
        cross join {{ source('control', 'run') }} as run
    ),

    valued_lines as (
        select
            lines.* exclude (region, cost, list_price, list_currency, unit_cost, cost_amount, cost_currency),
            customers.customer_id,
            reps.rep_id,
            coalesce(reps.team, 'unmapped') as team,
            coalesce(
                {{ region_word('lines.region', 'line_regions') }},
                reps.region,
                {{ region_word('accounts.region', 'account_regions') }},
                'unmapped'
            ) as region,
            case
                when nullif(trim(lines.region), '') is not null then 'line'
                when reps.region is not null then 'rep'
                when nullif(trim(accounts.region), '') is not null then 'account'
                else 'missing'
            end as region_source,
            {{ rate_of('rates', 'lines.currency', 'lines.' ~ day) }} as base_rate,
            rates.rated_on as base_rated_on,
            {{ multiply_money('lines.amount_net', 'base_rate') }} as amount_base,
            {{ multiply_money('lines.cost_amount', rate_of('cost_rates', 'lines.cost_currency', 'lines.' ~ day)) }} as cost_base
        from amounted_lines as lines
        cross join {{ source('control', 'run') }} as run
        left join {{ source('resolved', 'customer_map') }} as customers
            on lines.source_system = customers.source_system
            and lines.account_source_id is not distinct from customers.source_id
        left join {{ ref('stg_account_records') }} as accounts
            on lines.source_system = accounts.source_system
            and lines.account_source_id is not distinct from accounts.source_id
        left join {{ ref('int_rep_lookup') }} as reps
            on lines.source_system = reps.source_system
            and lines.rep_source_id is not distinct from reps.rep_source_id
        left join {{ ref('regions') }} as line_regions on {{ same_word('lines.region', 'line_regions.word') }}
        left join {{ ref('regions') }} as account_regions on {{ same_word('accounts.region', 'account_regions.word') }}
        left join {{ ref('int_exchange_rates') }} as rates
            on lines.currency = rates.currency
            and lines.{{ day }} = rates.rate_on
        left join {{ ref('int_exchange_rates') }} as cost_rates
            on lines.cost_currency = cost_rates.currency
            and lines.{{ day }} = cost_rates.rate_on
    )
{% endmacro %}


{# The rate of a line: one for money in base currency, which needs no day. #}
{% macro rate_of(rates, currency, day) -%}
    coalesce({{ rates }}.rate, if({{ day }} is null and {{ currency }} = run.base_currency, cast(1 as decimal(28, 8)), null))
{%- endmacro %}
