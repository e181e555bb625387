"""Matching in the nightly job: incremental where that gives the same rows, full otherwise.

In a full match dbt builds the matching models. In an incremental one dbt excludes them, and `update_matching` updates
their tables in one transaction by the same SQL. Either returns which of the two it was, and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.home import runs, warehouse
from pipelines.home.settings import Settings
from pipelines.matching.models import MATCHING
from pipelines.matching.sql_deltas import count, rows
from pipelines.matching.update import Update, is_kept, keep, match_all, try_update


@dataclass(frozen=True)
class MatchingResult:
    """How the records of a run were matched: full or incremental, and why.

    new: records that are new or changed since the last run. old: records that were replaced or removed. affected:
    records whose customer may change. All three are None after a full match.
    """

    is_full: bool
    reason: str
    records: int
    pairs: int
    new: int | None = None
    old: int | None = None
    affected: int | None = None

    def sentence(self) -> str:
        """For the log."""
        matched = (
            f"matched all {self.records} records" if self.is_full else f"updated the matches of {self.records} records"
        )
        return matched + (f" ({self.reason})" if self.reason else "")

    def metadata(self) -> dict[str, str | int]:
        """For the assets of the matching tables."""
        counts = {
            "records": self.records,
            "pairs": self.pairs,
            "new_or_changed": self.new,
            "replaced_or_removed": self.old,
            "affected": self.affected,
        }
        figures = {f"matching/{name}": number for name, number in counts.items() if number is not None}
        return {"matching/mode": "full" if self.is_full else "incremental", "matching/reason": self.reason, **figures}


def models_left_to_update(settings: Settings, is_full: bool = False) -> Sequence[str]:
    """The models that dbt need not build, because `update_matching` updates them: all matching models, or none.

    If none, the kept rules are dropped first: should dbt stop midway, the next run must not build on its tables.
    Weights that change in this same run are noticed by the update itself, which then matches everything.
    """
    with warehouse.write(settings) as connection:
        if is_kept(connection) and not is_full:
            return MATCHING
        connection.execute("create schema if not exists matching; drop table if exists matching.kept_rules")
    return ()


def keep_for_updates(settings: Settings) -> MatchingResult:
    """After dbt has matched everything: keep what the next update needs."""
    with warehouse.write(settings) as connection:
        reason = _reason_for_full_match(settings, connection)
        keep(connection)
        return MatchingResult(True, reason, *_counts(connection))


def _reason_for_full_match(settings: Settings, connection: duckdb.DuckDBPyConnection) -> str:
    kept = "from information_schema.tables where table_schema = 'matching' and table_name = 'kept_inputs'"
    if rows(connection, kept):
        return "requested, or matching rules or weights changed"
    return "first run" if runs.served(settings) is None else "nothing kept from an earlier run"


def update_matching(settings: Settings) -> MatchingResult:
    """Update the matching tables to the account records of the run."""
    done = _updated(settings)
    with warehouse.write(settings) as connection:
        if done.is_full:
            match_all(connection, done.reason)
        connection.execute("drop schema if exists delta cascade")
        records, pairs = _counts(connection)
        if done.is_full:
            return MatchingResult(True, done.reason, records, pairs)
        affected = records if done.record_nos is None else len(done.record_nos)
        return MatchingResult(False, done.reason, records, pairs, done.new, done.old, affected)


def _counts(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    return count(connection, "matching.mtc_records"), count(connection, "matching.mtc_pairs")


class _RolledBack(Exception):
    """Everything must be matched: the changes of the attempted update are rolled back."""


def _updated(settings: Settings) -> Update:
    done = Update(None, "")
    try:
        with warehouse.write(settings) as connection:
            done = try_update(connection)
            if done.is_full:
                raise _RolledBack
    except _RolledBack:
        pass
    return done
