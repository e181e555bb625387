"""Weights for one file, learned from the file itself without labels: what `almanac match FILE` does before it scores.

Random pairs give how often unrelated records agree (u); expectation-maximisation over the candidate pairs gives how
often records of one customer do (m). The shipped weights are the prior of both, worth `PRIOR_PAIRS` pairs, so that a
small file stays near them. (Fellegi and Sunter, JASA 64, 1969; the EM of Winkler, Proc. ASA Survey Section, 1988.)
"""

import duckdb
import numpy as np
import polars as pl

from pipelines.home.warehouse import frames
from pipelines.matching.models import run_models

PRIOR_PAIRS = 100.0
ROUNDS = 12
RANDOM_PAIRS = 200_000
FITTED_PAIRS = 300_000
# levels whose weights are not learned: sharing a telephone says nothing about them
FIXED_LEVELS = (
    *("other_place", "other_number", "other_country", "other_branch", "other_words", "other_generation"),
    "same_switchboard",
)
MIN_OTHER_SHARE = 0.3  # even a value whose every pair matches may agree by chance elsewhere


def fit_weights(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace `policy.match_weights` by weights fitted to the records in `matching.mtc_records`.

    Expects the matching models to have run once; computes the evidence again with the new weights.
    """
    weights = connection.execute("from policy.match_weights").pl().with_row_index("weight")
    connection.execute("delete from matching.mtc_totals where field = 'record'")  # keeps pairs with low weights as well
    weights = _with_random_shares(weights, _level_counts_of_random_pairs(connection, weights))
    _store(connection, weights)
    run_models(connection, ("mtc_evidence", "mtc_prior"))
    weights = weights.with_columns(_fitted_shares(connection, weights))
    _store(connection, weights)
    run_models(connection, ("mtc_totals", "mtc_evidence", "mtc_prior", "mtc_pairs"))


def _store(connection: duckdb.DuckDBPyConnection, weights: pl.DataFrame) -> None:
    with frames(connection, fitted=weights.drop("weight")):
        connection.execute("create or replace table policy.match_weights as from fitted")


def _fields(weights: pl.DataFrame) -> list[str]:
    return weights["field"].unique(maintain_order=True).to_list()


def _level_counts_of_random_pairs(connection: duckdb.DuckDBPyConnection, weights: pl.DataFrame) -> pl.DataFrame:
    """`kind, field, level, n` among pairs of records picked by hash, nearly all of them unrelated."""
    connection.execute("create table matching.kept_candidates as from matching.mtc_candidates")
    connection.execute(
        "create or replace table matching.mtc_candidates as"
        " with n as (select count(*) as n from matching.mtc_records),"
        " picked as (select hash(i, 1) % n + 1 as a, hash(i, 2) % n + 1 as b from n, range(?) as t(i))"
        " select distinct least(a, b)::bigint as record_no_l, greatest(a, b)::bigint as record_no_r,"
        " 1::utinyint as rule_no from picked where a != b",
        [RANDOM_PAIRS],
    )
    run_models(connection, ("mtc_evidence",))
    counts = connection.execute(
        " union all ".join(
            f"select kind, '{field}' as field, {field}_level as level, count(*) as n from matching.mtc_evidence"
            f" where {field}_level is not null group by all"
            for field in _fields(weights)
        )
    ).pl()
    connection.execute("create or replace table matching.mtc_candidates as from matching.kept_candidates")
    connection.execute("drop table matching.kept_candidates")
    return counts


def _with_random_shares(weights: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    counted = weights.join(counts, on=["kind", "field", "level"], how="left", maintain_order="left").with_columns(
        pl.col("n").fill_null(0)
    )
    total = pl.col("n").sum().over("kind", "field")
    shares = (pl.col("n") + PRIOR_PAIRS * pl.col("random_share")) / (total + PRIOR_PAIRS)
    kept = pl.when(pl.col("by_frequency") | pl.col("level").is_in(FIXED_LEVELS)).then("random_share").otherwise(shares)
    return counted.with_columns(random_share=kept).drop("n")


def _fitted_shares(connection: duckdb.DuckDBPyConnection, weights: pl.DataFrame) -> list[pl.Series]:
    """`match_share` and `other_share` of every weight after `ROUNDS` rounds of expectation-maximisation.

    In one file most records that share a telephone are the same company, so that their number says little about how
    common the value is among other companies: other_share is the share of the agreeing pairs that are not matches.
    """
    codes, bits, prior, pair_total, candidates = _sampled_pairs(connection, weights)
    seed = weights["match_share"].to_numpy()
    # companies of one group share names, telephones and domains without being one; an address they rarely share
    may_be = (pl.col("kind") == "person") | (pl.col("field") == "address")
    is_corrected = weights.select(pl.col("by_frequency") & may_be).to_series().to_numpy()
    is_fixed = weights["level"].is_in(FIXED_LEVELS).to_numpy()
    group = weights.select(pl.struct("kind", "field").rank("dense")).to_series().to_numpy().astype(int) - 1
    pairs = _counts(codes, None, len(seed))
    seed_others = weights["other_share"].cast(pl.Float64).fill_null(1.0).to_numpy()
    shares, other_shares = seed.copy(), seed_others
    for _ in range(ROUNDS):
        change = np.append(np.log2(shares / seed) - np.log2(other_shares / seed_others), 0.0)
        score = bits + change[codes].sum(axis=1) + prior
        chance = 1 / (1 + np.exp2(-np.clip(score, -60, 60)))
        counts = _counts(codes, chance, len(seed))
        totals = np.bincount(group, weights=counts)
        shares = np.where(is_fixed, seed, (counts + PRIOR_PAIRS * seed) / (totals[group] + PRIOR_PAIRS))
        unmatched_share = (pairs - counts + PRIOR_PAIRS) / (pairs + PRIOR_PAIRS)
        other_shares = np.where(is_corrected, np.clip(unmatched_share, MIN_OTHER_SHARE, 1), seed_others)
        matches = max(chance.sum() * candidates / max(len(chance), 1), 1.0)
        prior = float(np.log2(matches / max(pair_total - matches, 1.0)))
    return [pl.Series("match_share", shares), pl.Series("other_share", other_shares)]


def _counts(codes: np.ndarray, weights: np.ndarray | None, levels: int) -> np.ndarray:
    """The number of pairs, or the sum of their weights, at each level; unknown fields are left out."""
    counts = np.zeros(levels + 1)
    for column in codes.T:
        counts += np.bincount(column, weights=weights, minlength=levels + 1)
    return counts[:-1]


def _sampled_pairs(
    connection: duckdb.DuckDBPyConnection, weights: pl.DataFrame
) -> tuple[np.ndarray, np.ndarray, float, float, int]:
    fields = _fields(weights)
    pairs = connection.execute(
        f"select kind, field_bits::double as field_bits, {', '.join(field + '_level' for field in fields)}"
        " from matching.mtc_evidence where hash(record_no_l, record_no_r) %"
        f" (select greatest(count(*) // {FITTED_PAIRS}, 1) from matching.mtc_evidence) = 0"
        " order by record_no_l, record_no_r"
    ).pl()
    codes = np.empty((len(pairs), len(fields)), dtype=np.int64)
    for position, field in enumerate(fields):
        rows = weights.filter(pl.col("field") == field).select(
            "kind", "weight", pl.col("level").alias(f"{field}_level")
        )
        levels = pairs.join(rows, on=["kind", f"{field}_level"], how="left", maintain_order="left")["weight"]
        codes[:, position] = levels.fill_null(len(weights)).to_numpy()
    prior = connection.execute("select prior_bits::double, pair_count::double from matching.mtc_prior").fetchone()
    count = connection.execute("select count(*) from matching.mtc_evidence").fetchone()
    if prior is None or count is None:
        return codes, pairs["field_bits"].to_numpy(), 0.0, 1.0, 0
    return codes, pairs["field_bits"].to_numpy(), prior[0], prior[1], count[0]
