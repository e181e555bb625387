"""Matching in the nightly job: what is new alone where that gives the same rows, everything otherwise.

dbt builds the matching models where everything is to be matched. Where what stands can be brought up to date, dbt
leaves them out, and `bring_up_to_date` does it in one transaction by the same SQL. Either says which way was taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.home import warehouse
from pipelines.home.settings import Settings
from pipelines.matching.models import MATCHING
from pipelines.matching.touched import count
from pipelines.matching.update import Update, attempt, is_kept, keep, match_anew


@dataclass(frozen=True)
class Matched:
    """Which way the records of a run were matched, and why. touched: records whose customer may be another now.

    new: records that are new or changed since the last run; gone: such as are gone, or were as they no longer are. Both
    and touched are None where everything was matched.
    """

    is_full: bool
    reason: str
    records: int
    pairs: int
    new: int | None = None
    gone: int | None = None
    touched: int | None = None

    def sentence(self) -> str:
        """For the log."""
        way = "matched all" if self.is_full else "matched what is new among"
        return f"{way} {self.records} records" + (f": {self.reason}" if self.reason else "")

    def metadata(self) -> dict[str, str | int]:
        """For the assets of the matching tables."""
        counts = {
            "records": self.records,
            "pairs": self.pairs,
            "new_or_changed": self.new,
            "gone_or_changed": self.gone,
            "touched": self.touched,
        }
        told = {f"matching/{name}": number for name, number in counts.items() if number is not None}
        return {"matching/way": "full" if self.is_full else "incremental", "matching/reason": self.reason, **told}


def left_to_update(settings: Settings, is_full: bool = False) -> Sequence[str]:
    """The models that dbt need not build, because an update will: all that match records, or none.

    Where it is none, what was kept is forgotten first: should dbt stop half-way, the next run must not build on it.
    Weights that change in this very run are found by the update itself, which then matches everything.
    """
    with warehouse.write(settings) as connection:
        if is_kept(connection) and not is_full:
            return MATCHING
        connection.execute("create schema if not exists matching; drop table if exists matching.kept_rules")
    return ()


def keep_for_updates(settings: Settings) -> Matched:
    """After dbt has matched everything: keep what the next update needs."""
    with warehouse.write(settings) as connection:
        keep(connection)
        return Matched(True, "asked for, or nothing kept by the rules of today", *_counts(connection))


def bring_up_to_date(settings: Settings) -> Matched:
    """Update the matching tables to the account records of the run."""
    found = _updated(settings)
    with warehouse.write(settings) as connection:
        if found.is_anew:
            match_anew(connection, found.reason)
        connection.execute("drop schema if exists touched cascade")
        records, pairs = _counts(connection)
        if found.is_anew:
            return Matched(True, found.reason, records, pairs)
        touched = records if found.record_nos is None else len(found.record_nos)
        return Matched(False, found.reason, records, pairs, found.new, found.gone, touched)


def _counts(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    return count(connection, "matching.mtc_records"), count(connection, "matching.mtc_pairs")


class _HalfWay(Exception):
    """Everything is to be matched: what the attempt has changed must not stay."""


def _updated(settings: Settings) -> Update:
    found = Update(None, "")
    try:
        with warehouse.write(settings) as connection:
            found = attempt(connection)
            if found.is_anew:
                raise _HalfWay
    except _HalfWay:
        pass
    return found
