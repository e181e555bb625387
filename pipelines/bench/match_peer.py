"""Splink 5 on the same columns: its own comparisons, trained; the best of all thresholds is reported."""

import logging
import time
from typing import Any

import duckdb
import polars as pl

from pipelines.bench.match_scores import quality

THRESHOLDS = (0.05, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999)


def measure(name: str, records: pl.DataFrame) -> dict[str, Any]:
    """Quality at the best threshold (by F1, with the truth in hand) and at 0.5, and what it cost."""
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    started, cpu = time.perf_counter(), time.process_time()
    table, settings, certain, sessions = _PEERS[name](records)
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        linker = Linker(DuckDBAPI(connection=connection).register(table.to_arrow()), settings, log_level="ERROR")
        linker.training.estimate_probability_two_random_records_match(certain, recall=0.7)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for session in sessions:
            linker.training.estimate_parameters_using_expectation_maximisation(session)
        pairs = linker.inference.predict(threshold_match_probability=0.01)
        cost = {"seconds": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
        truth = dict(records.select("source_id", "truth").iter_rows())
        scores = {}
        for threshold in THRESHOLDS:
            clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
                pairs, threshold_match_probability=threshold
            ).as_pandas_dataframe()
            labels, ids = clusters["cluster_id"].tolist(), clusters["source_id"].tolist()
            scores[threshold] = quality(labels, [truth[record] for record in ids])
    best = max(scores, key=lambda threshold: scores[threshold]["f1"])
    costs = {key: round(value, 2) for key, value in cost.items()}
    return {**scores[best], "best_threshold": best, "f1_at_0.5": scores[0.5]["f1"], **costs}


def _persons(records: pl.DataFrame, has_email: bool) -> tuple[Any, ...]:
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    words = pl.col("account_name").str.to_lowercase().str.split(" ")
    table = records.with_columns(
        first_name=words.list.first().replace("", None),
        surname=pl.when(words.list.len() > 1).then(words.list.last()).replace("", None),
        dob=pl.col("birth_date").cast(pl.String),
    ).drop("birth_date")
    comparisons = [
        cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("surname").configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("dob", input_is_string=True),
        cl.ExactMatch("city").configure(term_frequency_adjustments=True),
    ]
    blocks: list[tuple[str, ...]] = [
        ("first_name", "surname"),
        ("surname", "dob"),
        ("first_name", "dob"),
        ("surname", "city"),
    ]
    if has_email:
        comparisons.append(cl.EmailComparison("email"))
        blocks += [("email",), ("dob",), ("surname",), ("first_name",)]
        second = block_on("email")
    else:
        comparisons += [
            cl.PostcodeComparison("postal_code"),
            cl.ExactMatch("industry").configure(term_frequency_adjustments=True),
        ]
        blocks += [("postal_code", "first_name"), ("postal_code", "surname"), ("dob", "postal_code"), ("dob", "city")]
        second = block_on("dob", "postal_code")
    settings = _settings(SettingsCreator, comparisons, [block_on(*block) for block in blocks])
    return (
        table,
        settings,
        [block_on("first_name", "surname", "dob"), second],
        [block_on("first_name", "surname"), block_on("dob")],
    )


def _organisations(records: pl.DataFrame) -> tuple[Any, ...]:
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    def plain(column: str) -> pl.Expr:
        return pl.col(column).str.to_lowercase().str.replace_all("[^a-z0-9]+", " ").str.strip_chars()

    table = records.with_columns(name=plain("account_name"), street=plain("address"))
    table = table.with_columns(number=pl.col("street").str.extract(r"^(\d+)", 1))
    exact = [cl.ExactMatch(c).configure(term_frequency_adjustments=True) for c in ("number", "phone", "postal_code")]
    comparisons = [
        cl.JaroWinklerAtThresholds("name", [0.95, 0.9, 0.8]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("street", [0.95, 0.88]),
        *exact,
    ]
    rules = [block_on(c) for c in ("name", "phone", "street", "number", "substr(name, 1, 6)")]
    settings = _settings(SettingsCreator, comparisons, rules)
    return (
        table,
        settings,
        [block_on("name", "phone"), block_on("phone", "number")],
        [block_on("phone"), block_on("number")],
    )


def _settings(creator: Any, comparisons: list[Any], rules: list[Any]) -> Any:
    return creator(
        link_type="dedupe_only",
        unique_id_column_name="source_id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
        additional_columns_to_retain=[],
    )


_PEERS = {
    "chicago_organisations": _organisations,
    "historical_50k": lambda records: _persons(records, has_email=False),
    "fake_1000": lambda records: _persons(records, has_email=True),
}
