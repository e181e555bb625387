"""What a killed run left undone after the swap: its entry in the log of runs, its row counts, its links, its status.

The swap is the one commit point. All that follows it can be told from the served file, so whoever owns the home next
writes it; until then readers ask the file (`runs.served`).
"""

from collections.abc import Callable

import duckdb

from pipelines.errors import AlmanacError
from pipelines.gates import volumes
from pipelines.home import runs, state
from pipelines.home.served import manifest
from pipelines.home.settings import Settings
from pipelines.serving import places, status


def recover(settings: Settings) -> str:
    """Finish the publishing of the served run; what was missing, in a sentence, or nothing. Only for who owns the home.

    Raises AlmanacError where the served file is damaged.
    """
    row = manifest(settings)
    if row is None or row["run_id"] in _logged(settings):
        return ""
    run = runs.run_of(settings, row)
    for kind in places.FOLDERS:
        folder = settings.published / kind / run.run_id
        if folder.is_dir():
            places.point_at(folder)
    volumes.remember(settings, run, _counts(settings))
    status.write_status(
        settings,
        run.run_id,
        outcome="published",
        message="",
        figures={"policy": row.get("policy") or ""},
        finished_at=row["published_at"],
        run=run,
    )
    return f"run {run.run_id[:8]} was published and not recorded: its entry is written"


def recover_quietly(settings: Settings, say: Callable[[str], None]) -> None:
    """The same before a run, which publishes a damaged file again: that is said and stops nothing."""
    try:
        found = recover(settings)
    except AlmanacError as error:
        found = str(error)
    if found:
        say(found)


def _logged(settings: Settings) -> set[str]:
    log = state.read(settings, "runs")
    return set(log.filter(outcome="published")["run_id"].to_list()) if log.height else set()


def _counts(settings: Settings) -> dict[tuple[str, str], int]:
    """Rows of each served table, without old names."""
    with duckdb.connect(str(settings.served_file), read_only=True) as connection:
        rows = connection.execute(
            "select schema_name, table_name, row_count from control.tables where renamed_to is null"
        ).fetchall()
    return {(schema, table): count for schema, table, count in rows}
