"""A team with one list of deals that grows by the day, in a home and a configuration of its own."""

import csv
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pipelines.home.settings import REPOSITORY, Settings, load_settings

FIRST = date(2026, 1, 1)  # 200 nights from here are over: a run is for no day that is to come
HEADS = ("Deal ID", "Deal Name", "Company", "Stage", "Amount", "Currency", "Created", "Expected Close", "Closed Date")
COMMAND = (sys.executable, "-P", "-c", "from pipelines.cli import main; main()")


def make(folder: Path) -> None:
    """The configuration, proposed from the first export, and that export in the inbox; nothing where it is there."""
    if (folder / "acme" / "company.yml").is_file():
        return
    export(folder, 0)
    first = next((folder / "home" / "inbox").iterdir())
    told = almanac(
        folder, "init", str(folder / "acme"), "--profile", "small", "--currency", "EUR", "--export", str(first)
    )
    if told.returncode:
        raise RuntimeError(told.stderr)


def settings_of(folder: Path) -> Settings:
    """The settings of the company's home."""
    return load_settings(folder / "home", config=folder / "acme")


def export(folder: Path, day: int) -> int:
    """Put the list of one day into the inbox; returns its rows. The same day is the same file, byte for byte."""
    inbox = folder / "home" / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    rows = list(_rows(day))
    with (inbox / f"deals_{FIRST + timedelta(days=day)}.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(HEADS)
        table.writerows(rows)
    return len(rows)


def _rows(day: int) -> Iterator[tuple[object, ...]]:
    """Three deals a day of the last year, each with a life of its own."""
    for number in range(3 * (365 + day)):
        chance = random.Random(number)
        created = FIRST + timedelta(days=number // 3 - 365)
        due = created + timedelta(days=chance.randrange(30, 150))
        is_over = due <= FIRST + timedelta(days=day)
        stage = chance.choice(("Closed Won", "Closed Lost")) if is_over else chance.choice(("Lead", "Proposal"))
        amount = round(chance.lognormvariate(9, 0.8), 2)
        row = (f"D-{number:05d}", f"Deal {number}", f"Company {number % 90}", stage, amount, "EUR", created, due)
        yield (*row, due if is_over else "")


def almanac(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of the product on the company's home."""
    process = start(folder, *arguments)
    out, err = process.communicate()
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The same without waiting for its end."""
    places = ["--home", str(folder / "home")]
    if (folder / "acme").is_dir():
        places += ["--config", str(folder / "acme")]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [*COMMAND, *places, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def done(folder: Path) -> list[dict[str, Any]]:
    """What the checkpoint file holds: one row per turn that ended."""
    path = folder / "checkpoint.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def note(folder: Path, row: Mapping[str, Any]) -> None:
    """Add a turn to the checkpoint file."""
    with (folder / "checkpoint.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({**row, "ended_at": round(time.time())}) + "\n")
