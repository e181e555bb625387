"""`almanac match FILE` from end to end: read, match, write clusters, say what came out."""

from pathlib import Path

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.matching.engine import engine
from pipelines.matching.files import as_records, read_table, recognise
from pipelines.matching.fit import fit_weights
from pipelines.matching.models import run_models
from pipelines.resolve.evidence import read_evidence

FORMULA_STARTS = ("=", "+", "-", "@")


def match_file(
    file: Path,
    said: dict[str, str],
    *,
    out: Path,
    pairs: Path | None = None,
    fit: bool = True,
    weights: Path | None = None,
) -> str:
    """Write `record_id, cluster_id` of every record of the file; returns a summary in words.

    A cluster goes by the smallest of its record ids. said: canonical column -> header, for what is not recognised.
    """
    table = read_table(file)
    mapping = recognise(table.columns, said)
    clusters = match_records(as_records(table, mapping), fit=fit, weights=weights, pairs=pairs)
    _write(clusters, out)
    shared = clusters.filter(pl.col("cluster_id").is_duplicated())
    used = ", ".join(f"{column} from {header!r}" for column, header in sorted(mapping.items()))
    return (
        f"{len(clusters)} records, {clusters['cluster_id'].n_unique()} clusters,"
        f" {len(shared)} records share a cluster with another\nused: {used}\nwritten: {out}"
    )


def match_records(
    records: pl.DataFrame, *, fit: bool = True, weights: Path | None = None, pairs: Path | None = None
) -> pl.DataFrame:
    """`record_id, cluster_id` of canonical records, in their order."""
    with engine(records, weights) as connection:
        run_models(connection)
        if fit and len(records) > 1:
            fit_weights(connection)
        if pairs:
            connection.execute(
                "copy (from matching.mtc_pairs order by record_no_l, record_no_r) to ? (format parquet)", [str(pairs)]
            )
        evidence = read_evidence(connection)
    labels = evidence.clusters().labels
    ids = evidence.records["source_id"]
    found = evidence.records.select("source_system", "source_id", cluster_id=ids.gather(labels))
    return (
        records.select("source_system", "source_id")
        .join(found, on=["source_system", "source_id"], how="left", maintain_order="left")
        .select(record_id="source_id", cluster_id="cluster_id")
    )


def _write(clusters: pl.DataFrame, out: Path) -> None:
    if out.suffix.lower() == ".parquet":
        clusters.write_parquet(out)
    elif out.suffix.lower() == ".csv":
        _neutral(clusters).write_csv(out)
    else:
        raise AlmanacError(f"--out {out}: write to .csv or .parquet")


def _neutral(clusters: pl.DataFrame) -> pl.DataFrame:
    """Ids that a spreadsheet would run as a formula get a quote before them."""
    risky = pl.any_horizontal(pl.col(pl.String).str.starts_with(start) for start in FORMULA_STARTS)
    if not clusters.select(risky.any()).item():
        return clusters
    return clusters.with_columns(
        pl.when(pl.col(name).str.contains(r"^[=+\-@]")).then("'" + pl.col(name)).otherwise(pl.col(name)).alias(name)
        for name in clusters.columns
    )
