"""`almanac match train`: refit `match_weights.csv` with Splink, on the levels that the SQL itself compares.

Splink (github.com/moj-analytical-services/splink) estimates how often records of one customer (m) and random records
(u) agree, by expectation-maximisation without labels. It runs offline: the nightly job only reads the seed.
"""

import logging
import re
from pathlib import Path

import duckdb
import polars as pl

from pipelines.errors import AlmanacError
from pipelines.home import warehouse
from pipelines.home.settings import Settings
from pipelines.home.spreadsheet import write_table
from pipelines.matching.models import macro_value

# Each EM session uses only pairs that agree on one of these keys; in turn, so that every field varies in some session.
SESSIONS = ("tax_id_key", "phone_key", "domain_key", "email_key", "sorted_core", "address_key", "birth_date")
MIN_PAIRS = 200  # fewer pairs in a session would fit noise
DUCKDB_SEED = 20240101


def train(settings: Settings, out: Path | None) -> str:
    """Refit on `matching.mtc_records` of the working file. Writes the whole table to out; returns what changes."""
    old = pl.read_csv(settings.seed("match_weights"))
    with warehouse.read(settings) as connection:
        records = connection.execute("from matching.mtc_records order by record_no").pl()
    new = train_weights(records, old)
    if out:
        write_table(new, out)
    return difference(old, new) + (f"\nwritten: {out}" if out else "\nnothing written: pass --out FILE to write it")


def train_weights(records: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    """The weights with match_share (and random_share where it is not by frequency) as Splink estimates them."""
    by_kind = [
        _trained(records.filter(pl.col("is_person") == (kind == "person")), kind) for kind in ("organisation", "person")
    ]
    trained = pl.concat([frame for frame in by_kind if len(frame)] or [_no_weights()])
    if trained.is_empty():
        raise AlmanacError(f"match train: no key is shared by {MIN_PAIRS} pairs of records: too few to fit weights")
    joined = old.join(trained, on=["kind", "field", "level"], how="left", maintain_order="left")
    # no sample has everything: a level that it lacks keeps at least a tenth of its share
    share = pl.max_horizontal(pl.coalesce("m", "match_share"), pl.col("match_share") / 10).round(6)
    random = pl.when(pl.col("by_frequency")).then("random_share").otherwise(pl.coalesce("u", "random_share").round(10))
    return joined.with_columns(match_share=share, random_share=random).select(old.columns)


def difference(old: pl.DataFrame, new: pl.DataFrame) -> str:
    """One line per weight that changed by a tenth of a bit or more, in bits of log2(m / u)."""
    compared = old.join(new, on=["kind", "field", "level"], suffix="_new", maintain_order="left")
    before = (pl.col("match_share") / pl.col("random_share")).log(2)
    after = (pl.col("match_share_new") / pl.col("random_share_new")).log(2)
    changed = compared.with_columns(before=before, after=after).filter((after - before).abs() >= 0.1)
    lines = [
        f"{row['kind']:<13}{row['field']:<12}{row['level']:<18}{row['before']:>8.2f} -> {row['after']:>6.2f} bits"
        for row in changed.iter_rows(named=True)
    ]
    return "\n".join(lines or ["no weight changes by a tenth of a bit"])


def _no_weights() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"kind": pl.String, "field": pl.String, "level": pl.String, "m": pl.Float64, "u": pl.Float64}
    )


def _trained(records: pl.DataFrame, kind: str) -> pl.DataFrame:
    sessions = [column for column in SESSIONS if _pair_count(records, column) >= MIN_PAIRS]
    if not sessions:
        return _no_weights()
    fields = [field for field in macro_value("match_fields") if field.get("kind", kind) == kind]
    fields = [
        field for field in fields if records.select(pl.sql_expr(field["known"]).is_not_null().sum()).item() > MIN_PAIRS
    ]
    levels = {field["name"]: _labels(field["level"]) for field in fields}
    model = _splink_model(records, fields, levels, sessions)
    rows = [
        (
            kind,
            comparison["output_column_name"],
            level["label_for_charts"],
            level["m_probability"],
            level["u_probability"],
        )
        for comparison in model["comparisons"]
        for level in comparison["comparison_levels"]
        if level.get("m_probability") and level.get("u_probability")
    ]
    return pl.DataFrame(rows, schema=_no_weights().schema, orient="row")


def _pair_count(records: pl.DataFrame, column: str) -> int:
    counts = records.drop_nulls(column).group_by(column).len()["len"]
    return int((counts * (counts - 1) // 2).sum() or 0)


def _labels(level: str) -> list[str]:
    """The labels of a level expression, the best agreement first."""
    return list(dict.fromkeys(first or second for first, second in re.findall(r"then '(\w+)'|else '(\w+)'", level)))


def _splink_model(
    records: pl.DataFrame, fields: list[dict[str, str]], levels: dict[str, list[str]], sessions: list[str]
) -> dict:
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        api = DuckDBAPI(connection=connection)
        table = api.register(records.to_arrow(), dataset_display_name="records")
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record_no",
            comparisons=[_comparison(field, levels[field["name"]]) for field in fields],
            blocking_rules_to_generate_predictions=[block_on(column) for column in sessions],
        )
        linker = Linker(table, settings, log_level="ERROR")
        linker.training.estimate_probability_two_random_records_match([block_on(c) for c in sessions[:2]], recall=0.7)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=DUCKDB_SEED)
        for column in sessions:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))
        return linker.misc.save_model_to_json()


def _comparison(field: dict[str, str], labels: list[str]) -> dict:
    """The level expression of the SQL models as a Splink comparison: `l.core` becomes `core_l`."""
    expression = re.sub(r"\b([lr])\.(\w+)", r'"\2_\1"', field["level"])
    null = {"sql_condition": f"({expression}) is null", "label_for_charts": "unknown", "is_null_level": True}
    named = [
        {"sql_condition": f"({expression}) = '{label}'", "label_for_charts": label}
        for label in labels
        if label != "other"
    ]
    return {
        "output_column_name": field["name"],
        "comparison_levels": [null, *named, {"sql_condition": "ELSE", "label_for_charts": "other"}],
    }
