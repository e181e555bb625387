{#
  CTEs `packs` and `demand`: the weekly packs of sales and operations, one per week in which a forecast was served, and the
  pieces that each expected by product line and month. Needs the CTE `rules` of the seed supply_rules. Not a model: it
  reads the ledger of forecasts, and what reads forecasts is built after them, served, and would have readers of its own.
#}
{% macro weekly_packs() -%}
-- The forecast that was served last in each week; of revenue where pieces are not forecast themselves.
forecasts as (
    select
        strftime(as_of, '%G-W%V') as pack,
        as_of,
        {{ series_part('metric') }} as metric,
        {{ series_part('member') }} as product_line,
        period_start,
        yhat,
    from {{ source('forecast', 'values') }}
    where
        scenario = 'base' and is_served
        and {{ series_part('metric') }} in ('quantity', 'revenue')
        and {{ series_part('level') }} = 'product_line'
        and {{ series_part('freq') }} = 'MS'
    qualify row_number() over (
        partition by pack, unique_id, period_start order by as_of desc, issued_at desc
    ) = 1
),

packs as (
    select pack, max(as_of) as as_of, max(as_of) = max(max(as_of)) over () as is_newest
    from forecasts
    group by pack
),

sold as (
    select
        packs.pack,
        revenue.product_line,
        cast(sum(revenue.quantity) as double) / nullif(cast(sum(revenue.amount_base) as double), 0) as pieces_per_revenue,
    from packs
    inner join {{ ref('revenue') }} as revenue
        on packs.as_of >= revenue.invoiced_on and packs.as_of - interval 1 year < revenue.invoiced_on
    group by all
),

demand as (
    select
        packs.pack,
        packs.as_of,
        packs.is_newest,
        forecasts.product_line,
        forecasts.period_start,
        coalesce(
            max(forecasts.yhat) filter (where forecasts.metric = 'quantity'),
            max(forecasts.yhat * sold.pieces_per_revenue) filter (where forecasts.metric = 'revenue')
        ) as quantity,
    from packs
    cross join rules
    inner join forecasts on packs.pack = forecasts.pack
    left join sold on packs.pack = sold.pack and forecasts.product_line = sold.product_line
    where
        forecasts.period_start > packs.as_of
        and forecasts.period_start <= packs.as_of + to_months(cast(rules.value['plan_months'] as integer))
    group by all
)
{%- endmacro %}
