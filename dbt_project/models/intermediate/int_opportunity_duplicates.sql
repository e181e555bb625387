-- One row per deal record that was dropped as a duplicate, with its survivor, the rule and the evidence.
with

links as (select * from {{ ref('int_opportunity_links') }}),

systems as (select * from {{ source('control', 'systems') }}),

members as (
    select
        records.record_id,
        records.source_system,
        clusters.cluster_id,
        row_number() over (
            partition by clusters.cluster_id
            order by
                -- A record that has ended has more information than an open one.
                records.stage_type = 'open',
                coalesce(records.amount_base, 0) = 0,
                {{ filled_columns(['customer_id', 'amount_base', 'created_on', 'closed_on', 'expected_close_on',
                                   'owner_name', 'product_name', 'opportunity_name'], 'records') }} desc,
                -- Of open deals the one changed last is the most current; of ended ones the record entered first is the original.
                case when records.stage_type = 'open' then records.updated_at end desc nulls last,
                records.created_on,
                records.updated_at desc nulls last,
                systems.priority nulls last,
                records.record_id
        ) as survivor_rank,
    from (select distinct record_id, cluster_id from links) as clusters
    inner join {{ ref('int_opportunity_records') }} as records using (record_id)
    left join systems using (source_system)
),

survivors as (
    select
        cluster_id,
        record_id as survivor_id,
    from members
    where survivor_rank = 1
),

-- A chain of matches may connect two deals of one system that do not match each other: then it reaches too far.
system_pairs as (
    select
        cluster_id,
        sum(records * (records - 1)) as pairs,
    from (
        select cluster_id, source_system, count(*) as records from members
        group by all
    )
    group by cluster_id
),

cluster_trust as (
    select
        system_pairs.cluster_id,
        system_pairs.pairs > count(links.record_id) filter (where not links.is_across_systems) as is_overreaching,
    from system_pairs
    inner join links using (cluster_id)
    group by system_pairs.cluster_id, system_pairs.pairs
),

strongest_links as (
    select links.*
    from links
    inner join survivors using (cluster_id)
    where links.record_id <> survivors.survivor_id
    qualify row_number() over (
        partition by links.record_id
        order by links.other_id = survivors.survivor_id desc, links.rule_order, links.other_id
    ) = 1
),

final as (
    select
        strongest_links.record_id,
        survivors.survivor_id,
        strongest_links.rule,
        strongest_links.other_id as matched_record_id,
        strongest_links.title_similarity,
        strongest_links.amount_difference_share,
        strongest_links.days_between_created,
        strongest_links.cluster_id,
    from strongest_links
    inner join survivors using (cluster_id)
    inner join cluster_trust using (cluster_id)
    -- Of an overreaching chain only direct matches are dropped; the rest is counted and sent to review.
    where not cluster_trust.is_overreaching or strongest_links.other_id = survivors.survivor_id
)

select * from final
