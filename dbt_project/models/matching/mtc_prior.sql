-- One row: the probability that two random records are one customer, re-estimated in every run, because a fixed prior is
-- wrong for another number of records. Expectation-maximisation over a histogram of the field bits.
{% set rounds = 8 %}
with histogram as (
    select cast(round(field_bits) as integer) as bits, count(*) as pair_count
    from {{ ref('mtc_evidence') }}
    group by all
),

records as (
    select count(*) as record_count, count(*) * (count(*) - 1) / 2 as pair_count from {{ ref('mtc_records') }}
),

-- bounds: at least one match per fifty records, at most ten records per customer
round_0 as (
    select record_count, pair_count, record_count * 0.3 as match_count from records
),

{% for round in range(1, rounds + 1) -%}
    round_{{ round }} as (
        select
            any_value(before.record_count) as record_count,
            any_value(before.pair_count) as pair_count,
            greatest(least(
                coalesce(sum(histogram.pair_count / (
                    1 + pow(2.0, -histogram.bits)
                    * (before.pair_count - before.match_count) / before.match_count
                ) order by histogram.bits), 0),
                any_value(before.record_count) * 5.0
            ), any_value(before.record_count) * 0.02) as match_count,
        from round_{{ round - 1 }} as before
        left join histogram on true
    ),

{% endfor -%}

final as (
    select
        record_count,
        pair_count,
        match_count,
        cast(case
            when pair_count <= match_count then 0
            else round(log2(match_count / (pair_count - match_count)) * 4) / 4
        end as decimal(9, 3)) as prior_bits,
    from round_{{ rounds }}
)

select * from final
where record_count > 1
