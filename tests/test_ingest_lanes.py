"""Files that are read side by side: their results keep their order, and what says something about each other waits."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.ingest.formats.source import ScratchDatabase
from pipelines.ingest.landing.lanes import AHEAD, Lanes

pytestmark = pytest.mark.fast


def _arrival(contract: str, content: str) -> Any:
    system, named = SimpleNamespace(system="crm"), SimpleNamespace(name=contract)
    return SimpleNamespace(system=system, contract=named, sha256=content, path=Path("absent.csv"), name=content)


def test_results_come_in_the_order_of_the_files_though_a_later_one_is_read_first(tmp_path: Path) -> None:
    done: list[str] = []

    def land(arrival: Any, scratch: ScratchDatabase) -> str:
        time.sleep(0.2 if arrival.name == "0" else 0)
        done.append(arrival.name)
        return str(arrival.name)

    arrivals = [_arrival(f"list {number}", str(number)) for number in range(2 * AHEAD)]
    with Lanes(tmp_path, land) as lanes:
        names = [future.result() for _, future in lanes.results(arrivals)]
    assert names == [str(number) for number in range(2 * AHEAD)]
    assert done[0] != "0"


@pytest.mark.parametrize("what", ["contract", "sha256"])
def test_a_file_waits_for_the_one_before_of_its_contract_or_with_its_bytes(tmp_path: Path, what: str) -> None:
    begun: list[str] = []
    ended: list[str] = []

    def land(arrival: Any, scratch: ScratchDatabase) -> None:
        assert begun == ended
        begun.append(arrival.path.name)
        time.sleep(0.05)
        ended.append(arrival.path.name)

    same = [
        _arrival("deals" if what == "contract" else f"list {n}", "x" if what == "sha256" else str(n)) for n in range(4)
    ]
    with Lanes(tmp_path, land) as lanes:
        for _, future in lanes.results(same):
            future.result()
    assert len(ended) == 4


def test_a_run_that_ends_early_interrupts_what_is_being_read_and_begins_nothing_more(tmp_path: Path) -> None:
    begun: list[str] = []

    def land(arrival: Any, scratch: ScratchDatabase) -> None:
        begun.append(arrival.name)
        if arrival.name == "0":
            raise OSError("no room")
        with scratch.file() as (connection, _):  # some minutes, if nobody stops it
            connection.execute(
                "select count(*) from range(3000000) as a(i), range(3000000) as b(j) where i * j % 7 = 3"
            )

    arrivals = [_arrival(f"list {number}", str(number)) for number in range(6)]
    started = time.monotonic()
    with pytest.raises(OSError, match="no room"), Lanes(tmp_path, land) as lanes:
        for _, future in lanes.results(arrivals):
            time.sleep(0.3)  # the other lane has begun
            future.result()
    assert time.monotonic() - started < 30
    assert len(begun) <= 3
    assert list(tmp_path.iterdir()) == []
