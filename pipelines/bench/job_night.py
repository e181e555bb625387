"""The night after the large job: one more list of all deals in a home that is served, and then nothing new.

`--set night=1` of `almanac bench job` measures both; `night=same` also runs it all again and compares every served row.
"""

import json
import resource
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipelines.bench.job_company import AS_OF, Company
from pipelines.bench.job_steps import watched_job
from pipelines.bench.job_systems import Group
from pipelines.bench.metamorphic_tables import Difference, differences, served_tables
from pipelines.errors import AlmanacError
from pipelines.home.settings import load_settings

DAY = AS_OF + timedelta(days=1)
BARS = {"share": 0.35, "nothing_new_s": 1.0}  # of the processor seconds of the full run; by the clock
FIGURES, SAME = "night.json", "same.json"


def measured(home: Path, company: Company | Group, full: dict[str, Any], night: str) -> dict[str, Any]:
    """Processor seconds, their share of the full run's, the rows that differ, and what a run with nothing new takes."""
    if not (home / FIGURES).exists():
        company.write_list(home / "inbox", DAY)
        _in_own_process(f"one({str(home)!r}, {FIGURES!r})")
    figures: dict[str, Any] = json.loads((home / FIGURES).read_text(encoding="utf-8"))
    figures |= {"share": round(figures["cpu_s"] / full["cpu_s"], 3)} | nothing_new(home)
    if night == "same":
        if not (home / SAME).exists():
            _in_own_process(f"compare({str(home)!r})")
        figures["differing"] = json.loads((home / SAME).read_text(encoding="utf-8"))
    return figures


def failure(figures: dict[str, Any]) -> str:
    """What a night misses; empty if nothing."""
    missed = [f"{key} {figures[key]} is over {bar}" for key, bar in BARS.items() if figures[key] > bar]
    return "; ".join(missed + [f"a full run has other rows: {text}" for text in figures.get("differing", [])])


def one(folder: str, name: str, tags: dict[str, str] | None = None) -> None:
    """The job of the night in this process, and its figures in the home under this name."""
    figures, _ = watched_job(Path(folder), DAY, tags or {})
    (Path(folder) / name).write_text(json.dumps(figures, indent=1), encoding="utf-8")


def compare(folder: str) -> None:
    """The night's rows beside those of the same day run as if nothing stood: the columns that differ, as text."""
    home = Path(folder)
    settings = load_settings(home, config=home / "config")
    before = served_tables(settings)
    one(folder, "again.json", {"full": "yes"})
    found = differences(before, served_tables(settings), lambda table, column: False)
    (home / SAME).write_text(json.dumps([told(apart) for apart in found]), encoding="utf-8")


def told(apart: Difference) -> str:
    """A difference in one line."""
    return f"{apart.table}.{apart.column}: {apart.rows} of {apart.of}, e.g. {apart.example}"


def nothing_new(home: Path) -> dict[str, float]:
    """Seconds of `almanac run` where no file has come: by the clock, and of the processor."""
    program = "import sys; from pipelines.cli import main; sys.exit(main())"
    began, spent = time.monotonic(), _children_seconds()
    command = [sys.executable, "-P", "-c", program, "--home", str(home), "run"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    if "nothing new" not in done.stdout:
        raise AlmanacError(f"bench job: {home}: expected nothing new: {done.stdout[-300:]}")
    return {
        "nothing_new_s": round(time.monotonic() - began, 2),
        "nothing_new_cpu_s": round(_children_seconds() - spent, 2),
    }


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _in_own_process(call: str) -> None:
    subprocess.run([sys.executable, "-P", "-c", f"from pipelines.bench import job_night; job_night.{call}"], check=True)
