-- One row per region and product line: how strong the line is there beside other regions, and whether it could be sold more.
with

graded as (select * from {{ ref('int_region_products') }}),

-- The region that is strongest with the line is the model for those that are weak.
models as (
    select
        product_line,
        arg_max(region, relative_strength) as model_region,
        arg_max(revenue_share, relative_strength) as model_share,
        arg_max(customer_count, relative_strength) as model_customer_count,
    from graded
    where strength_code = 'strong'
    group by product_line
),

-- Benjamini and Hochberg (1995), over all regions and lines with closed deals.
stepped as (
    select
        *,
        p_value * count(p_value) over ()
        / row_number() over (order by p_value nulls last, region, product_line) as stepped_value,
    from graded
),

adjusted as (
    select
        *,
        case when p_value is not null then least(1, min(stepped_value) over (
            order by p_value desc nulls first, region desc, product_line desc
            rows between unbounded preceding and current row
        )) end as adjusted_p_value,
    from stepped
),

final as (
    select
        adjusted.region,
        adjusted.product_line,
        cast(adjusted.revenue_base as decimal(18, 4)) as revenue_base_12m,
        adjusted.customer_count as customer_count_12m,
        adjusted.region_customer_count as region_customer_count_12m,
        adjusted.revenue_share as revenue_share_12m,
        adjusted.share_elsewhere as elsewhere_revenue_share_12m,
        adjusted.relative_strength,
        adjusted.strength_code,
        coalesce(adjusted.closed_count, 0) as closed_count,
        coalesce(adjusted.won_count, 0) as won_count,
        adjusted.won_count / adjusted.closed_count as win_rate,
        (adjusted.line_won_count - adjusted.won_count) / nullif(adjusted.line_closed_count - adjusted.closed_count, 0)
            as elsewhere_win_rate,
        adjusted.adjusted_p_value,
        case
            when adjusted.adjusted_p_value is null then 'too_few'
            when adjusted.adjusted_p_value > adjusted.false_discovery_rate then 'like_others'
            when win_rate > elsewhere_win_rate then 'above_others'
            else 'below_others'
        end as win_standing_code,
        adjusted.strength_code = 'weak' and models.model_region is not null and win_standing_code <> 'below_others'
            as is_transfer_candidate,
        case when is_transfer_candidate then models.model_region end as model_region,
        case when is_transfer_candidate then models.model_customer_count end as model_customer_count,
        case when is_transfer_candidate then (models.model_share - adjusted.revenue_share) * adjusted.region_revenue_base end
            as potential_base_12m,
    from adjusted
    left join models using (product_line)
)

select * from final
