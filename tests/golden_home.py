"""The home of a small company as a release left it: a backup, and what was served from it.

`python tests/golden_home.py FOLDER` makes one with the code at hand: the company of the soak, one run, a backup. One is
kept for each release, and later code must open it (`test_golden_homes.py`); none is ever made again.
"""

import json
import sys
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.bench.soak import company
from pipelines.home import backup
from pipelines.home.settings import Settings, load_settings

FOLDER = Path(__file__).parent / "golden"
SUMS = {
    "deals": "select count(*), sum(amount_base) from marts.opportunities",
    "won": "select count(*), sum(amount_base) from marts.opportunities where is_won",
    "customers": "select count(*), count(distinct customer_id) from marts.customer_360",
    "forecast": "select count(*), sum(yhat) from forecast.latest",
}


def figures(settings: Settings) -> dict[str, list[float]]:
    """Counts and sums of what is served."""
    with duckdb.connect(str(settings.served_file), read_only=True) as connection:
        found = {name: connection.execute(query).fetchall()[0] for name, query in SUMS.items()}
    return {name: [round(float(value or 0), 2) for value in row] for name, row in found.items()}


def make(folder: Path) -> None:
    """A company in a new folder, its run, and both files of the release at hand."""
    company.make(folder)
    ended = company.almanac(folder, "run")
    if ended.returncode:
        sys.exit(ended.stderr)
    name = f"home-{version('almanac-warehouse')}"
    backup.write(company.settings_of(folder), folder / "first.tar.zst", datetime(2026, 11, 29), name)
    backup.restore(folder / "first.tar.zst", folder / "again")  # in which the home names no folder of this machine
    backup.write(load_settings(folder / "again"), FOLDER / f"{name}.tar.zst", datetime(2026, 11, 29), name)
    (FOLDER / f"{name}.json").write_text(json.dumps(figures(company.settings_of(folder)), indent=1) + "\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]).resolve())
