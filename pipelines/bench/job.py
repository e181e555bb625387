"""`almanac bench job --set home=DIR`: the whole job on a large made company, seconds and memory of each step.

Size 1 is 50,000 customers, 200,000 deals in 24 monthly full exports and 2 million invoice lines of two systems; with
`--set systems=20` it is 1 million, 500,000 and 5 million of twenty. Each size has a folder of its own in DIR, which is
kept: files that stand are not written again, a run that was stopped goes on with what it has landed, and figures that
were measured are not measured again until their file is deleted.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from pipelines.bench import job_night, job_systems
from pipelines.bench.job_company import AS_OF, Company
from pipelines.bench.job_steps import Steps, watched_job
from pipelines.errors import AlmanacError
from pipelines.home.company import SHIPPED_COMPANY
from pipelines.home.settings import Settings, load_settings

CUSTOMERS, DEALS, LINES = 50_000, 200_000, 2_000_000
TWO, MANY = "2", str(2 * job_systems.OFFICES)
MEMORY = {TWO: "3GB", MANY: "5GB"}
BARS = {  # of size 1; the seconds are 1.5 times what it took before most tables were added
    TWO: {"cpu_s": 573.0, "peak_gb": 6.0},
    MANY: {"minutes": 15.0, "peak_gb": 8.0},
}
SLOWEST = 20
SO_FAR = "so_far.json"  # of a run that has not ended, or was stopped
MODEL = re.compile(r"OK created sql (?:table|view|incremental) model (\S+) .*? in ([\d.]+)s")


def run(home: str, sizes: str = "1", memory_limit: str = "", night: str = "", systems: str = TWO) -> dict[str, Any]:
    """Per size: processor seconds, minutes, peak memory, those of each step, and the slowest models by the clock.

    sizes: factors such as `0.1,0.5,1,2`. memory_limit: what DuckDB may hold before it spills; without, as in MEMORY.
    night: `1` or `same` for the night after it too, see `job_night`. systems: 2 or 20.
    """
    if systems not in BARS:
        raise AlmanacError(f"bench job: systems={systems}: it is {TWO} or {MANY}")
    before = "" if systems == TWO else f"systems-{systems}-"
    return {
        size: _measured(Path(home).resolve() / f"{before}size-{size}", float(size), memory_limit, night, systems)
        for size in sizes.split(",")
    }


def failure(figures: dict[str, Any]) -> str:
    """What size 1 misses, and its night; empty if nothing, or where it was not run."""
    whole = figures.get("1", {})
    bars = BARS[whole.get("systems", TWO)].items()
    missed = [f"{key} {whole[key]} is over {bar}" for key, bar in bars if whole.get(key, 0) > bar]
    missed += [f"{key} of a run that was stopped and went on: unknown" for key, _ in bars if whole and key not in whole]
    nights = [job_night.failure(of_size["night"]) for of_size in figures.values() if "night" in of_size]
    return "; ".join(filter(None, [*missed, *nights]))


def _measured(home: Path, size: float, memory_limit: str, night: str, systems: str) -> dict[str, Any]:
    kept = home / "figures.json"
    company = _company(size, systems)
    if not kept.exists():
        company.write(home / "inbox")
        _configure(home / "config", memory_limit or MEMORY[systems], systems)
        command = [sys.executable, "-P", "-c", f"from pipelines.bench import job; job.one({str(home)!r})"]
        subprocess.run(command, check=True)
    figures: dict[str, Any] = {"systems": systems} | json.loads(kept.read_text(encoding="utf-8"))
    return figures | ({"night": job_night.measured(home, company, figures, night)} if night else {})


def _company(size: float, systems: str) -> Company | job_systems.Group:
    many = (job_systems.CUSTOMERS, job_systems.DEALS, job_systems.LINES)
    customers, deals, lines = (
        round(size * whole) for whole in (many if systems == MANY else (CUSTOMERS, DEALS, LINES))
    )
    return (job_systems.Group if systems == MANY else Company)(customers, deals, lines)


def _configure(config: Path, memory_limit: str, systems: str) -> None:
    config.mkdir(parents=True, exist_ok=True)
    company = yaml.safe_load(SHIPPED_COMPANY.read_text(encoding="utf-8"))
    (config / "company.yml").write_text(yaml.safe_dump({**company, "memory_limit": memory_limit}), encoding="utf-8")
    if systems == MANY:
        job_systems.write_contracts(config / "sources")


def one(folder: str) -> None:
    """The job in this process, and its figures beside it."""
    home, began = Path(folder), time.monotonic()
    is_whole = not (home / "landing").exists()  # else minutes of an earlier process are not known

    def heard(steps: Steps) -> None:
        (home / SO_FAR).write_text(json.dumps(steps.figures(), indent=1), encoding="utf-8")

    told, messages = watched_job(home, AS_OF, {}, heard)
    slowest = _slowest(load_settings(home, config=home / "config"))
    minutes = {"minutes": round((time.monotonic() - began) / 60, 1)} if is_whole else {}
    figures = {**told, **minutes, "rows": _rows_in(messages), "slowest_models_s": slowest}
    (home / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")


def _rows_in(messages: list[str]) -> str:
    return next((message for message in messages if "rows in" in message), "")


def _slowest(settings: Settings) -> dict[str, float]:
    """Seconds by the clock of the models that took longest, as dbt told them."""
    told = MODEL.findall(re.sub(r"\x1b\[\d*m", "", (settings.warehouse / "run.log").read_text(encoding="utf-8")))
    seconds = {name: float(taken) for name, taken in told}
    return dict(sorted(seconds.items(), key=lambda entry: -entry[1])[:SLOWEST])
