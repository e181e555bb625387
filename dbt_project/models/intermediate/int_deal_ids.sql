-- One row per deal id of one system: the deal that it is counted as, and its customer. A duplicate is its survivor.
with

final as (
    select
        records.source_system,
        records.source_deal_id,
        min(coalesce(dropped.survivor_id, records.record_id)) as opportunity_id,
        min(records.customer_id) as customer_id,
    from {{ ref('int_opportunity_records') }} as records
    left join {{ ref('int_opportunity_duplicates') }} as dropped using (record_id)
    group by records.source_system, records.source_deal_id
)

select * from final
