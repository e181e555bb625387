-- Two rows per kept link, one from each end: the rule that links two deal records, and the cluster they belong to.
with recursive

pairs as (select * from {{ ref('int_opportunity_pairs') }}),

links as (
    select
        record_id, other_id, other_system, is_across_systems, rule, rule_order, title_similarity,
        amount_difference_share, days_between_created,
    from pairs
    union all
    select
        other_id, record_id, source_system, is_across_systems, rule, rule_order, title_similarity,
        amount_difference_share, days_between_created,
    from pairs
),

-- Customers place similar orders repeatedly: between two systems only each other's best match can be the same deal.
ranked_links as (
    select
        *,
        row_number() over (
            partition by record_id, other_system
            order by rule_order, amount_difference_share, days_between_created, title_similarity desc, other_id
        ) as preference,
    from links
),

kept_links as (
    select ranked_links.*
    from ranked_links
    inner join ranked_links as reverse_links
        on ranked_links.record_id = reverse_links.other_id
        and ranked_links.other_id = reverse_links.record_id
    where
        not ranked_links.is_across_systems
        or (ranked_links.preference = 1 and reverse_links.preference = 1)
),

reached as (
    select record_id, record_id as member_id
    from kept_links
    union
    select reached.record_id, kept_links.other_id as member_id
    from reached
    inner join kept_links on reached.member_id = kept_links.record_id
),

clusters as (
    select
        record_id,
        min(member_id) as cluster_id,
    from reached
    group by record_id
),

final as (
    select
        clusters.cluster_id,
        kept_links.* exclude (preference),
    from kept_links
    inner join clusters using (record_id)
)

select * from final
