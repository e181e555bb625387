"""Starters for BI tools: what a tool reads beside the served tables, to be copied and changed by whoever uses it.

Belongs here: definitions in the form of a tool (MetricFlow, Superset), a notebook (marimo). Does not belong here: any
rule of a figure that is not in the KPI catalogue; the tests hold each metric against `marts.kpi_values`.
"""

import shutil
from pathlib import Path

from pipelines.bi.superset_bundle import write_bundle

STARTERS = Path(__file__).parent


def write_starter(tool: str, file: Path, folder: Path, server: str = "") -> Path:
    """Write a tool's starter into an empty or new folder; returns the folder, of Superset the file to import.

    It has a copy of the served file, because MetricFlow opens its database for writing, which would lock out whoever
    reads that file. Superset reads the server that gets the tables, or the served file itself.
    """
    if tool == "superset":
        return write_bundle(file, folder, server)
    shutil.copytree(STARTERS / tool, folder, dirs_exist_ok=True)
    copied = folder / "almanac.duckdb"
    copied.unlink(missing_ok=True)
    shutil.copyfile(file, copied)
    return folder


def tools() -> list[str]:
    """The tools that have a starter."""
    return sorted(path.name for path in STARTERS.iterdir() if path.is_dir() and path.name != "__pycache__")
