"""The exports of any company in one normal form: CSV files with canonical headers, and contracts that say nothing more.

Read from the rows that a home has landed, changed as frames, written as the inbox and config of another home: a change
of the exports that is easy to say is then easy to make, whatever the files of the company look like.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import yaml

from pipelines.contracts.canonical import canonical_objects
from pipelines.home import warehouse
from pipelines.home.settings import Settings

STAMP = "%Y%m%d%H%M%S"


@dataclass(frozen=True)
class Listing:
    """What one system sends of one object: rows of every export, `exported_at` and `set_id` among their columns."""

    system: str
    contract: str
    object: str
    extract: str
    rows: pl.DataFrame

    def on_days(self, keep: Callable[[datetime], bool]) -> "Listing":
        """Only the exports of the instants that keep says."""
        days = [day for day in self.rows["exported_at"].unique() if keep(day)]
        return replace(self, rows=self.rows.filter(pl.col("exported_at").is_in(days)))


@dataclass(frozen=True)
class Exports:
    """A company: what its systems send, what it decides, and the day it looks at.

    systems: per system the keys of a contract (priority, cadence_days, recognise). policy: seeds by name, with the
    company's own rows. company: the keys of company.yml.
    """

    listings: tuple[Listing, ...]
    systems: dict[str, dict[str, Any]]
    company: dict[str, Any]
    policy: dict[str, pl.DataFrame]
    as_of: date

    def having(self, change: Callable[[Listing], Iterable[Listing]]) -> "Exports":
        """The same company with each listing replaced by those that the change makes of it."""
        return replace(self, listings=tuple(new for one in self.listings for new in change(one) if len(new.rows)))


def read_exports(settings: Settings, as_of: date, systems: tuple[str, ...] = ()) -> Exports:
    """What a home has landed of those systems (all if none is named); rows that were refused are not there."""
    with warehouse.read(settings) as connection:
        files = connection.execute("select file_id, contract, extract, window_column, set_id from control.files").pl()
        contracts = connection.execute("from control.systems").pl()
        objects = connection.execute("from control.objects").pl()
        shared = connection.execute("from keys.namespaces").pl()
        raw = {name: connection.execute(f"from raw.{name}").pl() for name in canonical_objects()}
    listings = [
        listing
        for name, rows in raw.items()
        for listing in _listings(name, rows.join(files, left_on="_file_id", right_on="file_id", how="left"), shared)
        if not systems or listing.system in systems
    ]
    cadences = {(row["source_system"], row["contract"]): row["cadence_days"] for row in objects.iter_rows(named=True)}
    rules = {
        row["source_system"]: {
            "priority": row["priority"],
            "cadence_days": row["cadence_days"],
            "recognise": row["recognise"],
            "timezone": row["timezone"],
            "cadences": {name: days for (system, name), days in cadences.items() if system == row["source_system"]},
        }
        for row in contracts.iter_rows(named=True)
    }
    return Exports(tuple(listings), rules, settings.company.model_dump(mode="json"), {}, as_of)


def _listings(name: str, rows: pl.DataFrame, shared: pl.DataFrame) -> Iterable[Listing]:
    canonical = canonical_objects()[name]
    plain = [column for column in canonical.sql_columns if not column.endswith("_source")]
    for (system, contract), part in rows.group_by("source_system", "contract", maintain_order=True):
        extract = part["extract"][0]
        column = part["window_column"][0]
        kept = part.select(*plain, "source_id", "exported_at", "set_id")
        kept = kept.select(column for column in kept if column.null_count() < len(kept))
        own = shared.filter(pl.col("source_system") == system, pl.col("object") == name)
        for namespace in own["namespace"].unique().sort() if name == "accounts" else ():
            keys = own.filter(pl.col("namespace") == namespace).select(
                "source_id", pl.col("namespace_key").alias(f"in {namespace}")
            )
            kept = kept.join(keys.unique("source_id"), on="source_id", how="left", maintain_order="left")
        yield Listing(str(system), str(contract), name, f"window({column})" if extract == "window" else extract, kept)


def write_exports(exports: Exports, home: Path) -> None:
    """`home/inbox` with a file per export, `home/config` with contracts, company.yml and the seeds that differ."""
    config = home / "config"
    (config / "sources").mkdir(parents=True)
    (config / "company.yml").write_text(yaml.safe_dump(exports.company), encoding="utf-8")
    for name, rows in exports.policy.items():
        (config / "seeds").mkdir(exist_ok=True)
        rows.write_csv(config / "seeds" / f"{name}.csv")
    for system in sorted({listing.system for listing in exports.listings}):
        own = [listing for listing in exports.listings if listing.system == system]
        (config / "sources" / f"{system}.yml").write_text(_contract(system, own, exports.systems[system]), "utf-8")
        for listing in own:
            _write_files(listing, home / "inbox", exports.systems[system]["timezone"])


def _contract(system: str, listings: list[Listing], rules: dict[str, Any]) -> str:
    said = {key: value for key, value in rules.items() if key != "cadences" and value is not None}
    objects = [_declared(listing, rules["cadences"]) for listing in listings]
    return yaml.safe_dump({"system": system, "title": system, **said, "objects": objects})


def _declared(listing: Listing, cadences: dict[str, int]) -> dict[str, Any]:
    columns = [column for column in listing.rows.columns if column in canonical_objects()[listing.object].columns]
    declared: dict[str, Any] = {
        "object": listing.object,
        "name": listing.contract,
        "files": f"{listing.system}/{listing.contract}/*.csv",
        "exported_at": {"filename": r"(\d{14})", "format": STAMP},
        "extract": listing.extract,
        "key": ["source_id"],
        "columns": {column: _read(listing, column) for column in columns},
        "cadence_days": cadences.get(listing.contract),
    }
    spaces = [column for column in listing.rows.columns if column.startswith("in ")]
    if spaces:
        declared["key_namespace"] = [{"name": name.removeprefix("in "), "column": name} for name in spaces]
        declared["ignore"] = spaces
    return {key: value for key, value in declared.items() if value is not None}


def _read(listing: Listing, column: str) -> str | dict[str, str]:
    """Instants are kept as UTC, whatever the time zone of the system."""
    return {"from": column, "timezone": "UTC"} if listing.rows.schema[column] == pl.Datetime("us") else column


def _write_files(listing: Listing, inbox: Path, zone: str) -> None:
    folder = inbox / listing.system / listing.contract
    folder.mkdir(parents=True)
    for (_, at), rows in listing.rows.group_by("set_id", "exported_at", maintain_order=True):
        assert isinstance(at, datetime)
        local = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        frame = rows.drop("set_id", "exported_at")
        frame.write_csv(folder / f"{local:{STAMP}}.csv", datetime_format="%Y-%m-%dT%H:%M:%S")
