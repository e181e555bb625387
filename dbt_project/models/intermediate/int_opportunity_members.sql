-- One row per real deal and member of a dimension it belongs to; level total holds every deal once.
{% set levels = ['region', 'product_line', 'team', 'rep_id', 'channel', 'deal_type'] %}
with

dimensions as (
    select dimensions.*
    from {{ ref('int_opportunity_dimensions') }} as dimensions
    semi join {{ ref('int_opportunities') }} as deals on dimensions.opportunity_id = deals.opportunity_id
),

final as (
    select
        opportunity_id,
        'total' as level,
        '' as member,
    from dimensions
    {% for level in levels %}
        union all
        select
            opportunity_id,
            '{{ 'rep' if level == 'rep_id' else level }}' as level,
            coalesce({{ level }}, 'unmapped') as member,
        from dimensions
    {% endfor %}
)

select * from final
