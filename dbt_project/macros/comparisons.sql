{# Logarithm of the number of ways to choose k of n. #}
{% macro log_choose(n, k) -%}
    (lgamma({{ n }} + 1) - lgamma({{ k }} + 1) - lgamma({{ n }} - ({{ k }}) + 1))
{%- endmacro %}

{# Logarithm of the hypergeometric probability of k successes among n of a group whose whole has successes and size. #}
{% macro log_hypergeometric(k, n, all_successes, all_n) -%}
    (
        {{ log_choose(all_successes, k) }}
        + {{ log_choose(all_n ~ ' - ' ~ all_successes, n ~ ' - ' ~ k) }}
        - {{ log_choose(all_n, n) }}
    )
{%- endmacro %}

{# Fisher's exact test, two-sided: the probability of a share at least as unlikely as k of n if the group were like the
   whole (R. A. Fisher, J. R. Stat. Soc. 85 (1922), 87-94). Exact for small n, where the normal approximation is not. #}
{% macro fisher_probability(k, n, all_successes, all_n) -%}
    least(1, list_sum(list_transform(
        range(
            cast(greatest(0, {{ n }} - ({{ all_n }} - {{ all_successes }})) as bigint),
            cast(least({{ n }}, {{ all_successes }}) + 1 as bigint)
        ),
        lambda hits: if(
            {{ log_hypergeometric('hits', n, all_successes, all_n) }}
            <= {{ log_hypergeometric(k, n, all_successes, all_n) }} + 1e-7,
            exp({{ log_hypergeometric('hits', n, all_successes, all_n) }}),
            0
        )
    )))
{%- endmacro %}
