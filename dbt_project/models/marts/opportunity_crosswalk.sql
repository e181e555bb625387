-- One row per deal record of a source system: the deal it belongs to, and the rule that decided it.
with

records as (select * from {{ ref('int_opportunity_records') }}),

dropped as (select * from {{ ref('int_opportunity_duplicates') }}),

final as (
    select
        records.source_system,
        records.source_id,
        coalesce(dropped.survivor_id, records.record_id) as opportunity_id,
        records.customer_id,
        coalesce(records.void_rule, dropped.rule, 'survivor') as rule,
        records.void_rule is null and dropped.rule is null as is_counted,
        records.amount_base,
        records.stage_code,
        dropped.matched_record_id,
        dropped.title_similarity,
        dropped.amount_difference_share,
        dropped.days_between_created,
        records.exported_at,
    from records
    left join dropped using (record_id)
)

select * from final
