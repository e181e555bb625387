"""Matching in the nightly job: what is new alone where that gives the same rows, everything otherwise.

dbt builds the matching models where everything is to be matched. Where what stands can be brought up to date, dbt
leaves them out, and `bring_up_to_date` does it in one transaction by the same SQL. Either says which way was taken.
"""

from collections.abc import Sequence

from pipelines import warehouse
from pipelines.matching.models import MATCHING
from pipelines.matching.touched import count
from pipelines.matching.update import Update, attempt, is_kept, keep, match_anew
from pipelines.settings import Settings


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


def keep_for_updates(settings: Settings) -> str:
    """After dbt has matched everything: keep what the next update needs. Returns a sentence for the log."""
    with warehouse.write(settings) as connection:
        keep(connection)
        return f"matched all {count(connection, 'matching.mtc_records')} records"


def bring_up_to_date(settings: Settings) -> str:
    """Update the matching tables to the account records of the run. Returns a sentence for the log."""
    found = _updated(settings)
    with warehouse.write(settings) as connection:
        if found.is_anew:
            match_anew(connection, found.reason)
        connection.execute("drop schema if exists touched cascade")
        way = "matched all" if found.is_anew else "matched what is new among"
        return f"{way} {count(connection, 'matching.mtc_records')} records: {found.reason}"


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
