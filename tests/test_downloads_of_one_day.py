"""Two downloads of one day: the newer content counts, then the later arrival, and the summary says which."""

import os
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from ingest_world import DEALS, LANDED, World, deals

from pipelines.ingest.files.file_ledger import FileLedger

pytestmark = pytest.mark.fast
CHANGED = DEALS.replace("closed_on: Closed", "closed_on: Closed\n      updated_at: Changed")
FIRST, SECOND = "deals_20240101.csv", "deals_20240101 (1).csv"
AMOUNT = "select amount from raw.opportunities"


def export(amount: int, changed: str) -> str:
    return f"ID,Title,Stage,Amount,Closed,Changed\n1,a,Prospecting,{amount},,{changed}\n"


@pytest.mark.parametrize("runs", [1, 2])
@pytest.mark.parametrize("order", list(permutations([FIRST, SECOND])))
def test_the_newer_content_counts_whatever_its_name_and_arrival(tmp_path: Path, runs: int, order: list[str]) -> None:
    world = World(tmp_path).contract(CHANGED)
    content = {FIRST: export(5, "2024-01-01 17:00"), SECOND: export(1, "2024-01-01 09:00")}
    for number, name in enumerate(order):
        world.put(name, content[name])
        if runs == 2 or number == 1:
            report = world.run(LANDED + timedelta(hours=number))
    assert world.column(AMOUNT) == [5]
    assert report.ties == [
        f"{FIRST} counts and {SECOND}, of the same day, does not: its newest change is of 2024-01-01 17:00"
    ]
    world.rebuild()
    assert world.column(AMOUNT) == [5]
    status = dict(world.rows("select path, status from control.files"))
    assert status == {FIRST: "loaded", SECOND: "replaced"}


def test_a_choice_is_told_in_the_run_of_its_files_and_not_again_with_others(tmp_path: Path) -> None:
    world = World(tmp_path).contract(CHANGED)
    world.put(FIRST, export(5, "2024-01-01 17:00"))
    world.put(SECOND, export(1, "2024-01-01 09:00"))
    world.run()
    ledger = FileLedger.read(world.settings)
    assert ledger.ties([FIRST]) == ledger.ties([SECOND]) != []
    assert ledger.ties(["deals_20240102.csv"]) == ledger.ties([]) == []


def test_without_a_change_date_the_later_download_counts(tmp_path: Path) -> None:
    world = World(tmp_path).contract()
    world.put(SECOND, deals(("1", "a", "Prospecting", "2", "")))
    world.put(FIRST, deals(("1", "a", "Prospecting", "1", "")))  # written last, but the browser numbered the other
    report = world.run()
    assert world.column(AMOUNT) == [2]
    assert report.ties == [f"{SECOND} counts and {FIRST}, of the same day, does not: it arrived later"]


def test_of_unnumbered_files_the_one_written_later_counts(tmp_path: Path) -> None:
    world = World(tmp_path).contract(DEALS.replace("deals_*", "**/deals_*"))
    late = world.put("a/deals_20240101.csv", deals(("1", "a", "Prospecting", "2", "")))
    early = world.put("b/deals_20240101.csv", deals(("1", "a", "Prospecting", "1", "")))
    os.utime(early, (1, 1))
    os.utime(late, (2, 2))
    world.run()
    assert world.column(AMOUNT) == [2]


def test_the_choice_of_a_run_that_was_stopped_is_told_by_the_next(tmp_path: Path) -> None:
    world = World(tmp_path).contract(CHANGED)
    world.put(FIRST, export(5, "2024-01-01 17:00"))
    world.put(SECOND, export(1, "2024-01-01 09:00"))
    first = world.run()
    assert world.run(LANDED + timedelta(hours=1)).ties == first.ties != []


def test_a_file_written_anew_under_its_name_corrects_itself(tmp_path: Path) -> None:
    world = World(tmp_path).contract(CHANGED)
    world.put(FIRST, export(5, "2024-01-01 17:00"))
    world.run()
    world.put(FIRST, export(6, "2024-01-01 09:00"))
    report = world.run(LANDED + timedelta(hours=1))
    assert world.column(AMOUNT) == [6] and report.ties == []


def test_the_choice_outlasts_a_change_of_the_contract(tmp_path: Path) -> None:
    world = World(tmp_path).contract(CHANGED)
    world.put(FIRST, export(5, "2024-01-01 17:00"))
    world.put(SECOND, export(1, "2024-01-01 09:00"))
    world.run()
    world.contract(CHANGED.replace("amount: Amount", "amount: [Amount, Sum]"))
    world.run(LANDED + timedelta(hours=1))
    assert world.column(AMOUNT) == [5]
