-- One row per candidate pair above the minimum: the comparison level of every field and its match weight in bits.
{% set fields = match_fields() %}
with levels as (
    {% for field in fields -%}
    select '{{ field.name }}' as field, unnest({{ field.levels }}) as level, generate_subscripts({{ field.levels }}, 1) as level_no
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

weights as (
    select
        levels.field,
        levels.level as label,
        row_number() over (partition by levels.field order by kinds.kind, levels.level_no) as weight_no,
        log2(weights.match_share) as match_bits,
        case when not weights.by_frequency
            then cast(log2(weights.match_share) - log2(weights.random_share) as decimal(9, 3))
        end as fixed_bits,
        weights.random_share,
        -- the share that one record and a hundred more records with the same value are of all records
        weights.other_share / (totals.known_count + 99) as share_of_one,
        100 * weights.random_share / (totals.known_count + 99) as share_of_hundred,
    from levels
    cross join (values ('organisation'), ('person')) as kinds (kind)
    inner join {{ ref('mtc_totals') }} as totals using (field)
    left join {{ ref('match_weights') }} as weights using (kind, field, level)
),

-- one wide row: a pair gets its weights by list index instead of by eleven joins
wide_weights as (
    select
        {% for field in fields -%}
        {% for column in ['label', 'match_bits', 'fixed_bits', 'random_share', 'share_of_one', 'share_of_hundred'] -%}
        list({{ column }} order by weight_no) filter (where field = '{{ field.name }}') as {{ field.name }}_{{ column }},
        {% endfor -%}
        {% endfor -%}
    from weights
),

compared_pairs as (
    select
        candidates.*,
        l.is_person and r.is_person as is_person,
        l.is_nobody or r.is_nobody as is_nobody,
        coalesce(l.is_given_known and r.is_given_known and l.given != r.given, false) as has_other_given,
        least(
            {% for key in ['phone_key', 'email_key', 'domain_key', 'address_key'] -%}
            case when l.{{ key }} = r.{{ key }} then l.{{ key }}_others end,
            {% endfor -%}
            cast(split_part({{ shared_contact() }}, '|', 1) as double)
        ) as fewest_others,
        {% for field in fields -%}
        {{ weight_number(field) }} as {{ field.name }}_no,
        {{ field.shared_count }} as {{ field.name }}_others,
        {% endfor -%}
    from {{ ref('mtc_candidates') }} as candidates
    inner join {{ ref('mtc_records') }} as l on candidates.record_no_l = l.record_no
    inner join {{ ref('mtc_records') }} as r on candidates.record_no_r = r.record_no
),

weighed_pairs as (
    select
        *,
        {% for field in fields -%}
        {{ field_bits(field.name) }} as {{ field.name }}_bits,
        {% endfor -%}
        {% for field in fields %}{{ field.name }}_bits{{ ' + ' if not loop.last }}{% endfor %} as field_bits,
    from compared_pairs
    cross join wide_weights
)

select
    record_no_l,
    record_no_r,
    rule_no,
    case when is_person then 'person' else 'organisation' end as kind,
    is_nobody,
    has_other_given,
    fewest_others,
    {% for field in fields -%}
    {{ field.name }}_label[{{ field.name }}_no] as {{ field.name }}_level,
    {{ field.name }}_bits,
    {% endfor -%}
    field_bits,
from weighed_pairs
where
    field_bits > coalesce(
        (select {{ min_field_bits('known_count') }} from {{ ref('mtc_totals') }} where field = 'record'), -1e9
    )
