-- One row per dated event and metric: what changed after it, beside what changed where it did not apply, and whether that is
-- more than chance.
with

run as (select * from {{ source('control', 'run') }}),

rules as (
    select
        {{ rule('fewest_deals') }} as fewest_deals,
        {{ rule('fewest_weeks') }} as fewest_weeks,
        max(comparisons.false_discovery_rate) filter (where comparisons.comparison = 'event_effect')
            as false_discovery_rate,
    from {{ ref('event_rules') }}
    cross join {{ ref('comparison_rules') }} as comparisons
),

metrics as (
    {{ event_metrics() }}
),

events as (
    select
        source_system || '|' || source_id as event_id,
        event_name,
        kind,
        level,
        member,
        started_on,
        ended_on,
        if(level in ('region', 'product_line'), 'other_members', 'year_before') as control_code,
    from {{ ref('stg_market_events') }}
),

compared as (
    select
        event_id,
        metric,
        {%- for name in ['before', 'after', 'control_before', 'control_after'] %}
            coalesce(max(value_count) filter (where half = '{{ name }}'), 0) as {{ name }}_count,
            max(mean_value) filter (where half = '{{ name }}') as {{ name }}_value,
        {%- endfor %}
        after_value - before_value - (control_after_value - control_before_value) as effect,
        sqrt(sum(variance / value_count order by half)) as standard_error,
        least(before_count, after_count, control_before_count, control_after_count) as smallest_count,
    from (select *, if(is_affected, '', 'control_') || if(is_after, 'after', 'before') as half from {{ ref('int_event_values') }})
    group by event_id, metric
),

judged as (
    select
        events.*,
        metrics.metric,
        compared.* exclude (event_id, metric),
        if(metrics.is_weekly, rules.fewest_weeks, rules.fewest_deals) as fewest_values,
        case
            when events.started_on > run.as_of then 'not_yet'
            when compared.smallest_count >= fewest_values then 'compared'
            else 'too_few'
        end as state,
        case
            when state = 'compared' and compared.standard_error > 0
                then {{ two_sided_p_value('(compared.effect / compared.standard_error)') }}
        end as p_value,
        rules.false_discovery_rate,
    from events
    cross join metrics
    cross join run
    cross join rules
    left join compared on events.event_id = compared.event_id and metrics.metric = compared.metric
),

adjusted as (
    select
        *,
        p_value * count(p_value) over () / row_number() over (order by p_value nulls last, event_id, metric) as stepped,
    from judged
),

final as (
    select
        event_id, event_name, kind, level, member, started_on, ended_on, metric, control_code,
        {% for name in ['before', 'after', 'control_before', 'control_after'] -%}
            coalesce({{ name }}_count, 0) as {{ name }}_count,
            {{ name }}_value,
        {% endfor -%}
        case when state = 'compared' then effect end as effect,
        case when state = 'compared' then effect - 1.959964 * standard_error end as effect_low_95,
        case when state = 'compared' then effect + 1.959964 * standard_error end as effect_high_95,
        p_value,
        case when p_value is not null then least(1, min(stepped) over (
            order by p_value desc nulls first, event_id desc, metric desc rows between unbounded preceding and current row
        )) end as adjusted_p_value,
        case
            when state <> 'compared' then state
            when adjusted_p_value <= false_discovery_rate then 'effect_found'
            else 'no_effect_found'
        end as verdict_code,
    from adjusted
)

select * from final
