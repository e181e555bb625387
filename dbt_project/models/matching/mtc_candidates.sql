-- One row per pair of records that share a block, with the strongest blocking rule.
with usable_blocks as (
    select blocks.block
    from {{ ref('mtc_blocks') }} as blocks
    inner join {{ ref('mtc_capped_blocks') }} as rules using (rule_no)
    group by blocks.block
    having count(*) between 2 and any_value(rules.block_cap)
),

members as (
    select blocks.* from {{ ref('mtc_blocks') }} as blocks semi join usable_blocks using (block)
)

select
    l.record_no as record_no_l,
    r.record_no as record_no_r,
    min(l.rule_no) as rule_no,
from members as l
inner join members as r
    on l.block = r.block and l.record_no < r.record_no and not coalesce(l.conflict_key != r.conflict_key, false)
group by all
