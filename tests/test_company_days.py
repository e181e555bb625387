"""Which day an instant belongs to: the company's, unless the column holds dates or the contract says the source's."""

from datetime import date
from pathlib import Path

import pytest
from ingest_world import DEALS, World

pytestmark = pytest.mark.fast
CLOSED = "select closed_on from raw.opportunities order by opportunity_id"


def closed(tmp_path: Path, *cells: str, contract: str = DEALS, company: str = "Asia/Shanghai") -> list[date | None]:
    world = World(tmp_path)
    (tmp_path / "config" / "company.yml").write_text(f"timezone: {company}\n", encoding="utf-8")
    world = World(tmp_path).contract(contract)
    rows = "".join(f"{number},a,Prospecting,1,{cell}\n" for number, cell in enumerate(cells))
    world.put("deals_20240201.csv", "ID,Title,Stage,Amount,Closed\n" + rows)
    report = world.run()
    assert [row["rows_loaded"] for row in report.files] == [len(cells)], report.files
    return world.column(CLOSED)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2024-01-31T15:59:59.000Z", 31),  # 23:59:59 in Shanghai
        ("2024-01-31T16:00:00.000Z", 32),
        ("2024-01-31 20:00:00", 32),
        ("2024-01-31T20:00:00+08:00", 31),
        ("2024-01-31T22:00:00-05:00", 32),
        ("2024-01-31T00:00:00.000Z", 31),  # a date with a clock
        ("2024-01-31T00:00:00+09:00", 31),
        ("2024-01-31 00:00:00", 31),
        ("2024-01-31 23:59:59", 31),  # the last second of a day is that day
        ("2024-01-31", 31),
        ("31.01.2024 20:00", 32),
        ("31.01.2024", 31),
    ],
)
def test_an_instant_is_of_the_companys_day_and_a_midnight_of_its_own(tmp_path: Path, cell: str, day: int) -> None:
    assert closed(tmp_path, cell) == [date(2024, 1, 31) if day == 31 else date(2024, 2, 1)]


def test_a_column_of_midnights_holds_dates(tmp_path: Path) -> None:
    cells = [f"2024-01-{day:02d}T00:00:00.000Z" for day in (1, 15, 31)]
    assert closed(tmp_path, *cells, company="America/New_York") == [date(2024, 1, day) for day in (1, 15, 31)]


def test_the_contract_can_ask_for_the_day_of_the_source(tmp_path: Path) -> None:
    own = DEALS.replace("closed_on: Closed", "closed_on: {from: Closed, day_of: source}")
    assert closed(tmp_path, "2024-01-31T20:00:00.000Z", contract=own) == [date(2024, 1, 31)]


def test_seconds_since_1970_are_instants(tmp_path: Path) -> None:
    own = DEALS.replace("closed_on: Closed", "closed_on: {from: Closed, formats: [epoch_s]}")
    assert closed(tmp_path, "1706731200", contract=own) == [date(2024, 2, 1)]  # 2024-01-31 20:00 UTC


def test_a_company_in_the_zone_of_its_system_keeps_the_days_it_sees(tmp_path: Path) -> None:
    assert closed(tmp_path, "2024-01-31T20:00:00.000Z", company="UTC") == [date(2024, 1, 31)]


def test_a_company_that_moves_has_its_instants_read_again(tmp_path: Path) -> None:
    assert closed(tmp_path, "2024-01-31T20:00:00.000Z", company="UTC") == [date(2024, 1, 31)]
    (tmp_path / "config" / "company.yml").write_text("timezone: Asia/Shanghai\n", encoding="utf-8")
    world = World(tmp_path)
    world.run()
    assert world.column(CLOSED) == [date(2024, 2, 1)]
