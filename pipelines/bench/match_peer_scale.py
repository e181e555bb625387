"""Splink 5 on the sample company: weights trained once and frozen, on the very columns that our normalisation makes."""

import logging
import time
from typing import Any

import duckdb
import polars as pl

from pipelines.bench.match_scores import quality
from pipelines.matching.engine import engine
from pipelines.matching.models import run_models

TRAINED_ON = 20_000
KEYS = ("tax_id_key", "phone_key", "domain_key", "address_key", "city_key")
BLOCKS = (("tax_id_key",), ("phone_key",), ("domain_key",), ("sorted_core",), ("brand", "city_key"))
THRESHOLDS = (0.5, 0.9, 0.99, 0.999)


def measure_scale(records: pl.DataFrame) -> dict[str, Any]:
    """CPU seconds of normalisation and of frozen Splink (predict and one clustering), and its best F1."""
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    start = time.process_time()
    table = _normalised(records)
    normalised = time.process_time() - start
    frozen = _trained(table.head(0) if table.is_empty() else table.sample(min(TRAINED_ON, len(table)), seed=1))
    truth = dict(records.select(pl.concat_str("source_system", pl.lit("|"), "source_id"), "truth").iter_rows())
    scores = {}
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        start = time.process_time()
        linker = Linker(DuckDBAPI(connection=connection).register(table.to_arrow()), frozen, log_level="ERROR")
        pairs = linker.inference.predict(threshold_match_probability=0.01)
        predicted = time.process_time() - start
        for threshold in THRESHOLDS:
            start = time.process_time()
            clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
                pairs, threshold_match_probability=threshold
            ).as_pandas_dataframe()
            clustered = time.process_time() - start
            ids = clusters["record"].tolist()
            scores[threshold] = quality(clusters["cluster_id"].tolist(), [truth[record] for record in ids])
    best = max(scores, key=lambda threshold: scores[threshold]["f1"])
    cost = {"normalisation_cpu_s": normalised, "splink_cpu_s": predicted + clustered}
    return {**scores[best], "best_threshold": best, **{name: round(value, 2) for name, value in cost.items()}}


def _normalised(records: pl.DataFrame) -> pl.DataFrame:
    with engine(records.drop("truth")) as connection:
        run_models(connection, ["mtc_keyed_records"])
        return connection.execute(
            "select source_system || '|' || source_id as record, core, sorted_core, brand,"
            f" {', '.join(KEYS)} from matching.mtc_keyed_records order by record"
        ).pl()


def _trained(sample: pl.DataFrame) -> dict[str, Any]:
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    names = cl.JaroWinklerAtThresholds("core", [0.95, 0.88])
    comparisons: list[Any] = [names.configure(term_frequency_adjustments=True)]
    comparisons += [cl.ExactMatch(key).configure(term_frequency_adjustments=True) for key in KEYS]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(*block) for block in BLOCKS],
    )
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        linker = Linker(DuckDBAPI(connection=connection).register(sample.to_arrow()), settings, log_level="ERROR")
        certain: list[Any] = [block_on("tax_id_key"), block_on("phone_key", "sorted_core")]
        linker.training.estimate_probability_two_random_records_match(certain, recall=0.7)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for session in ("phone_key", "sorted_core"):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(session))
        return linker.misc.save_model_to_json()
