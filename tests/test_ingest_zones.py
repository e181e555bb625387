"""Zones that headers and cells state. Values by hand."""

from datetime import date, datetime
from pathlib import Path

import pytest
from cells import CONTRACT
from ingest_world import World

pytestmark = pytest.mark.fast


HISTORY = CONTRACT.replace("order_lines", "opportunity_history").replace("line_id", "history_id")
HISTORY = HISTORY.replace("order_id: ID", "opportunity_id: ID\n      stage: {const: Prospecting}")


def changed_at(tmp_path: Path, header: str, *cells: str, zone: str = "Europe/Berlin") -> list[datetime]:
    """The instants of a column of times, in UTC; the system's zone is stated, or not where it is empty."""
    stated = HISTORY.replace("timezone: Europe/Berlin\n", f"timezone: {zone}\n" if zone else "")
    world = World(tmp_path).contract(f'{stated}      changed_at: "{header}"\n')
    world.put("a.csv", "".join([f"ID;{header}\n", *(f"{n};{cell}\n" for n, cell in enumerate(cells))]))
    assert world.run().files[0]["reason_code"] in (None, ""), world.rows("select reason from control.files")
    return list(world.column("select changed_at from raw.opportunity_history order by _record"))


@pytest.mark.parametrize(
    ("header", "instant"),
    [
        ("When (UTC)", datetime(2025, 1, 5, 23, 30)), ("Wann [GMT]", datetime(2025, 1, 5, 23, 30)),
        ("时间 (UTC+08:00)", datetime(2025, 1, 5, 15, 30)), ("When (GMT-5)", datetime(2025, 1, 6, 4, 30)),
        ("When (UTC+05:30)", datetime(2025, 1, 5, 18, 0)), ("When [GMT+05:45]", datetime(2025, 1, 5, 17, 45)),
        ("When (UTC+13)", datetime(2025, 1, 5, 10, 30)), ("时间（UTC±00:00）", datetime(2025, 1, 5, 23, 30)),
        ("When (UTC−0930)", datetime(2025, 1, 6, 9, 0)),
        ("When", datetime(2025, 1, 5, 22, 30)),
    ],
)  # fmt: skip
def test_the_zone_that_a_header_states_is_that_of_its_times(tmp_path: Path, header: str, instant: datetime) -> None:
    assert changed_at(tmp_path, header, "2025-01-05 23:30:00") == [instant]


def test_an_abbreviated_zone_of_a_header_is_asked_about_unless_the_contract_states_one(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="which zone is CST"):
        changed_at(tmp_path / "a", "When (CST)", "2025-01-05 23:30:00", zone="")
    assert changed_at(tmp_path / "b", "When (CST)", "2025-01-05 23:30:00", zone="Asia/Shanghai") == [
        datetime(2025, 1, 5, 15, 30)
    ]


@pytest.mark.parametrize("header", ["When (UTC+03:30)", "When (UTC+25)", "When [GMT-13]", "When (UTC+5.5)"])
def test_an_offset_of_a_header_that_is_not_read_is_asked_about(tmp_path: Path, header: str) -> None:
    with pytest.raises(AssertionError, match="states an offset that is not read"):
        changed_at(tmp_path, header, "2025-01-05 23:30:00")


def test_an_offset_behind_hours_and_minutes_is_read(tmp_path: Path) -> None:
    cells = ("2025-01-05 23:30+01", "2025-01-05T22:30Z", "2025-01-05 17:30 -05:00", "2025-01-05T17:30-0500")
    assert changed_at(tmp_path, "When", *cells) == [datetime(2025, 1, 5, 22, 30)] * 4


def test_the_sources_day_is_the_written_one_where_no_zone_is_stated(tmp_path: Path) -> None:
    contract = CONTRACT.replace("timezone: Europe/Berlin\n", "")
    world = World(tmp_path).contract(f"{contract}      ordered_on: {{from: X, day_of: source}}\n")
    world.put("a.csv", "ID;X\n1;2025-01-05T20:00:00-05:00\n2;2025-01-06T01:00:00+09:00\n")
    world.run()
    assert world.column("select ordered_on from raw.order_lines order by _record") == [
        date(2025, 1, 5), date(2025, 1, 6),
    ]  # fmt: skip
