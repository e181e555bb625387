{#
  Bits of evidence of one field: log2(m / u) after Fellegi and Sunter (JASA 64, 1969, 1183-1210). m is the seed's
  match_share; u is random_share or, for a level weighted by frequency, the share of the other records that have the
  very same value (a rare name says more than a common one). Three decimals, so that the sum is exact.
#}
{% macro field_bits(field) -%}
    cast(coalesce(
        case
            when {{ field }}_weights.by_frequency then least(
                {{ field }}_weights.max_bits,
                log2({{ field }}_weights.match_share)
                - log2(greatest({{ field }}_n - 1, 1) / greatest({{ field }}_total - 1, 1))
            )
            else log2({{ field }}_weights.match_share / {{ field }}_weights.random_share)
        end, 0
    ) as decimal(9, 3))
{%- endmacro %}
