"""Stable customer ids: inherited by overlap, minted once, never reused, every change with an event.

`records` frames here have one row per present record: `source_system, source_id, cluster, first_seen_at`.
The log has one row per record whose id changed; replaying it gives the id that every record ever had last.
"""

import hashlib
from dataclasses import dataclass

import polars as pl

KEY = ["source_system", "source_id"]
LOG_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "run_id": pl.String,
    "as_of": pl.Date,
    "recorded_at": pl.Datetime("us"),
    "event": pl.String,
    "source_system": pl.String,
    "source_id": pl.String,
    "customer_id": pl.String,
    "previous_customer_id": pl.String,
    "cause": pl.String,
}


@dataclass(frozen=True)
class Assignment:
    """ids: `cluster, customer_id, is_minted`. changes: `source_system, source_id, cluster, event, customer_id,
    previous_customer_id` for every record whose id is new or differs from before."""

    ids: pl.DataFrame
    changes: pl.DataFrame


def replay(log: pl.DataFrame) -> pl.DataFrame:
    """The last id of every record in the log: `source_system, source_id, customer_id`."""
    if log.is_empty():
        return pl.DataFrame(schema=dict.fromkeys([*KEY, "customer_id"], pl.String))
    ordered = log.sort("recorded_at", "run_id", maintain_order=True)
    return ordered.unique(KEY, keep="last", maintain_order=True).select(*KEY, "customer_id")


def assign(records: pl.DataFrame, log: pl.DataFrame) -> Assignment:
    """Give every cluster its id: the id most of its records had, a retired one of theirs, or a new one."""
    standing = replay(log)
    held = records.join(standing, on=KEY, how="left")
    ids = _inherited(held, log)
    free = held.filter(~pl.col("cluster").is_in(ids["cluster"].implode()))
    ids = pl.concat([ids, _revived(free, log, set(ids["customer_id"]) | _ids_of_absent(standing, records))])
    free = free.filter(~pl.col("cluster").is_in(ids["cluster"].implode()))
    taken = set(log["customer_id"]) if not log.is_empty() else set()
    minted = _minted(free, taken | set(ids["customer_id"]))
    ids = pl.concat([ids.with_columns(is_minted=pl.lit(False)), minted.with_columns(is_minted=pl.lit(True))])
    return Assignment(ids, _changes(held, ids))


def _inherited(held: pl.DataFrame, log: pl.DataFrame) -> pl.DataFrame:
    """One cluster per old id and one old id per cluster, the largest overlaps first, the older id among equals."""
    overlaps = (
        held.drop_nulls("customer_id")
        .group_by("cluster", "customer_id")
        .agg(pl.len().alias("record_count"))
        .with_columns(
            cluster_choices=pl.len().over("cluster"),
            id_choices=pl.len().over("customer_id"),
        )
    )
    is_plain = (pl.col("cluster_choices") == 1) & (pl.col("id_choices") == 1)
    plain = overlaps.filter(is_plain).select("cluster", "customer_id")
    contested = overlaps.filter(~is_plain)
    if len(contested):
        minted = log.group_by("customer_id").agg(pl.col("recorded_at").min().alias("minted_at"))
        contested = contested.join(minted, on="customer_id", how="left").sort(
            "record_count", "minted_at", "customer_id", "cluster", descending=[True, False, False, False]
        )
    return pl.concat([plain, _first_come(contested)])


def _first_come(choices: pl.DataFrame) -> pl.DataFrame:
    clusters: dict[int, str] = {}
    used: set[str] = set()
    for cluster, customer_id in choices.select("cluster", "customer_id").iter_rows():
        if cluster not in clusters and customer_id not in used:
            clusters[cluster] = customer_id
            used.add(customer_id)
    return pl.DataFrame(
        {"cluster": list(clusters), "customer_id": list(clusters.values())},
        schema={"cluster": pl.Int64, "customer_id": pl.String},
    )


def _ids_of_absent(standing: pl.DataFrame, records: pl.DataFrame) -> set[str]:
    """Ids of records that are absent for now: no other record may have them."""
    return set(standing.join(records, on=KEY, how="anti")["customer_id"])


def _revived(free: pl.DataFrame, log: pl.DataFrame, unavailable: set[str]) -> pl.DataFrame:
    """Undoing a merge gives the part that had lost its id that id back, not a third one."""
    if free.is_empty() or log.is_empty():
        return pl.DataFrame(schema={"cluster": pl.Int64, "customer_id": pl.String})
    former = log.select(*KEY, "customer_id").unique()
    choices = (
        free.select(*KEY, "cluster")
        .join(former, on=KEY)
        .filter(~pl.col("customer_id").is_in(sorted(unavailable)))
        .group_by("cluster", "customer_id")
        .agg(pl.len().alias("record_count"))
        .sort("record_count", "customer_id", "cluster", descending=[True, False, False])
    )
    return _first_come(choices)


def _minted(free: pl.DataFrame, taken: set[str]) -> pl.DataFrame:
    """New ids, each made from the record of its cluster that was exported first (the smallest key among equals)."""
    anchors = free.sort("first_seen_at", *KEY).unique("cluster", keep="first", maintain_order=True).sort(KEY)
    minted: list[str] = []
    for system, source_id in anchors.select(KEY).iter_rows():
        minted.append(_new_id(system, source_id, taken))
        taken.add(minted[-1])
    return pl.DataFrame({"cluster": anchors["cluster"], "customer_id": pl.Series(minted, dtype=pl.String)})


def _new_id(system: str, source_id: str, taken: set[str]) -> str:
    attempt, customer_id = 0, ""
    while not customer_id or customer_id in taken:
        key = f"{system}|{source_id}" + (f"#{attempt}" if attempt else "")
        customer_id = "C" + hashlib.sha256(key.encode()).hexdigest()[:12]
        attempt += 1
    return customer_id


def _changes(held: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    in_use = ids["customer_id"].implode()
    previous, current = pl.col("previous_customer_id"), pl.col("customer_id")
    event = (
        pl.when(previous.is_null() & pl.col("is_minted")).then(pl.lit("mint"))
        .when(previous.is_null()).then(pl.lit("attach"))
        .when(previous.is_in(in_use)).then(pl.lit("split"))
        .otherwise(pl.lit("merge"))
    )  # fmt: skip
    return (
        held.rename({"customer_id": "previous_customer_id"})
        .join(ids, on="cluster")
        .filter(previous.is_null() | (previous != current))
        .with_columns(event=event)
        .select(*KEY, "cluster", "event", "customer_id", "previous_customer_id")
        .sort(KEY)
    )


def aliases(log: pl.DataFrame) -> pl.DataFrame:
    """Retired ids: `alias_customer_id, customer_id`, the id under which most of their records live on."""
    schema = {"alias_customer_id": pl.String, "customer_id": pl.String}
    if log.is_empty():
        return pl.DataFrame(schema=schema)
    current = replay(log)
    retired = log.select(*KEY, alias_customer_id="customer_id").unique()
    retired = retired.filter(~pl.col("alias_customer_id").is_in(current["customer_id"].implode()))
    lived_on = retired.join(current, on=KEY).group_by("alias_customer_id", "customer_id").len()
    best = lived_on.sort("len", "customer_id", descending=[True, False]).unique("alias_customer_id", keep="first")
    return best.select(pl.col(name).cast(kind) for name, kind in schema.items()).sort("alias_customer_id")


def lost_log_differences(records: pl.DataFrame, log: pl.DataFrame) -> pl.DataFrame:
    """What would differ had the log been lost: records whose replayed id is not the logged one."""
    without_log = assign(records, pl.DataFrame())
    rebuilt = records.join(without_log.ids, on="cluster").select(*KEY, rebuilt_customer_id="customer_id")
    compared = rebuilt.join(replay(log), on=KEY)
    return compared.filter(pl.col("customer_id") != pl.col("rebuilt_customer_id")).sort(KEY)


def events_of(changes: pl.DataFrame, stamp: dict[str, object]) -> pl.DataFrame:
    """Log rows of a run. changes: those of an assignment, with their `cause`. stamp: `run_id, as_of, recorded_at`."""
    stamped = changes.with_columns(**{name: pl.lit(value).cast(LOG_COLUMNS[name]) for name, value in stamp.items()})
    return stamped.select(pl.col(name).cast(kind) for name, kind in LOG_COLUMNS.items())
