-- One row per dimension member and period in which leads came: how many found an owner in time, and how many became deals.
with

leads as (select * from {{ ref('int_leads') }}),

rules as (select {{ rule('min_leads') }} as min_leads from {{ ref('lead_rules') }}),

periods as (
    select * from {{ ref('int_reporting_periods') }}
    where period <> 'week'
),

members as (
    {% for level, member in [
        ('total', "''"), ('channel', 'channel'), ('region', 'region'), ('product_line', 'product_line'),
        ('industry', 'industry_code'), ('source_system', 'source_system'), ('assignment', 'assignment_code'),
        ('score_band', "coalesce(lpad(cast(score_band as varchar), 2, '0'), 'unscored')"),
        ('rep', "coalesce(rep_id, if(has_owner, 'unmapped', 'unassigned'))"),
    ] -%}
        select lead_id, '{{ level }}' as level, {{ member }} as member from leads
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

counted as (
    select
        members.level,
        members.member,
        periods.period,
        periods.period_start,
        count(*) as lead_count,
        count(*) filter (where leads.has_owner) as assigned_count,
        count(*) filter (where leads.assignment_code = 'in_time') as in_time_count,
        count(*) filter (where leads.assignment_code = 'slow') as slow_count,
        count(*) filter (where leads.assignment_code = 'overdue') as overdue_count,
        count(leads.assignment_days) as assignment_known_count,
        avg(leads.assignment_days) as mean_assignment_days,
        median(leads.assignment_days) as median_assignment_days,
        count(*) filter (where leads.lead_status_code = 'converted') as converted_count,
        count(*) filter (where leads.is_settled) as settled_count,
        count(*) filter (where leads.is_settled and leads.lead_status_code = 'converted') as settled_converted_count,
        median(leads.converted_on - leads.created_on) as median_conversion_days,
    from leads
    inner join members using (lead_id)
    inner join periods on leads.created_on between periods.period_start and periods.period_end
    group by all
),

final as (
    select
        counted.* exclude (median_conversion_days),
        in_time_count / nullif(assignment_known_count + overdue_count, 0) as in_time_rate,
        settled_converted_count / nullif(settled_count, 0) as conversion_rate,
        {{ wilson('settled_converted_count', 'settled_count', -1) }} as conversion_low_95,
        {{ wilson('settled_converted_count', 'settled_count', 1) }} as conversion_high_95,
        median_conversion_days,
        coalesce(settled_count >= rules.min_leads, false) as is_enough,
    from counted
    cross join rules
)

select * from final
