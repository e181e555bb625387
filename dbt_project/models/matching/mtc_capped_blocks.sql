-- One row per blocking rule: how many blocks were too large to compare, and how many pairs were skipped with them.
with rules as (
    {% for rule in blocking_rules() -%}
        select cast({{ loop.index }} as utinyint) as rule_no, '{{ rule.name }}' as rule, {{ block_cap(rule) }} as block_cap
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

blocks as (
    select rule_no, block, count(*) as record_count from {{ ref('mtc_blocks') }}
    group by all
)

select
    rules.rule_no,
    rules.rule,
    rules.block_cap,
    count(blocks.block) as block_count,
    count(*) filter (where record_count > block_cap) as capped_block_count,
    coalesce(sum(record_count) filter (where record_count > block_cap), 0)::bigint as capped_record_count,
    coalesce(sum(record_count * (record_count - 1) / 2) filter (where record_count > block_cap), 0)::bigint
        as skipped_pair_count,
from rules
left join blocks using (rule_no)
group by all
order by rules.rule_no
