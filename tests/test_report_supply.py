"""The planning page: load, cash and the pack of the meeting, from tables made by hand."""

import re
from pathlib import Path

from report_world import published

from pipelines.report import write_pack

LOAD = """create table outlook.demand_vs_capacity as
    select 'Drives' as product_line, 'Ulm' as plants, 100.0 as capacity_quantity, * from (values
    (date '2026-03-01', 300.0, 3.0, 200.0, null), (date '2026-04-01', 50.0, 0.5, 0.0, 0.0),
    (date '2026-05-01', 150.0, 1.5, 50.0, 75.0)
) as t (period_start, demand_quantity, relative_load, shortfall_quantity, shortfall_at_hi_80)"""
CASH = """create table outlook.expected_cash as select *, expected_base - 10 as lo_80, expected_base + 10 as hi_80,
    0.0 as from_coming_base, expected_base as from_open_base, 100.0 as usual_base, 80.0 as floor_base,
    greatest(80 - expected_base, 0) as gap_base, greatest(90 - expected_base, 0) as gap_at_lo_80,
    date '2026-03-31' as payments_known_to from (values
    (date '2026-04-01', 120.0), (date '2026-04-08', 70.0)) as t (week_start, expected_base)"""
PACKS = """create table outlook.sop_pack as select date '2026-03-31' as as_of, null::date as due_on,
    null::text as owner_name, null::text as note, 'short' as status_code, 100.0 as capacity_quantity,
    gap_quantity + 100 as quantity, * from (values
    ('2026-W13', true, 'demand', 'Drives', date '2026-05-01', 50.0),
    ('2026-W13', true, 'material', 'r-1', date '2026-04-01', 7.0),
    ('2026-W09', false, 'demand', 'Drives', date '2026-05-01', 40.0),
    ('2026-W09', false, 'material', 'r-1', date '2026-03-01', 6.0),
    ('2026-W05', false, 'demand', 'Drives', date '2026-05-01', 30.0)
) as t (pack, is_newest, section, subject, period_start, gap_quantity)"""


def _page(folder: Path, *tables: str) -> str:
    write_pack(folder / "pack", published(folder, *tables))
    return (folder / "pack" / "en" / "planning.html").read_text(encoding="utf-8")


def _rows(page: str) -> list[list[str]]:
    lines = re.findall("<tr>(.*?)</tr>", page, re.S)
    return [[re.sub("<[^>]+>", "", cell) for cell in re.findall("<td[^>]*>(.*?)</td>", line, re.S)] for line in lines]


def test_a_load_above_one_is_red_and_months_that_are_over_are_not_shown(tmp_path: Path) -> None:
    page = _page(tmp_path, LOAD)
    assert re.search(r"rgba\(31,95,168,[.0-9]+\)\">50.0 %", page)
    assert re.search(r"rgba\(184,50,50,[.0-9]+\)\">150.0 %", page)
    assert "300.0 %" not in page
    assert ["Drives", "May 2026", "150", "100", "150.0 %", "50", "75", "Ulm"] in _rows(page)


def test_weeks_of_cash_are_named_by_their_days_and_the_floor_by_its_name(tmp_path: Path) -> None:
    page = _page(tmp_path, CASH)
    assert ["2026-04-08", "70", "60", "80", "70", "0", "100", "80", "10", "20", "2026-03-31"] in _rows(page)
    picture = page[page.index("<figure") : page.index("</figure>")]
    assert ">04-01<" in picture and ">04-08<" in picture
    assert ">Floor<" in picture and ">80 % interval<" in picture and ">Target<" not in picture


def test_weeks_of_which_nobody_knows_anything_are_not_drawn(tmp_path: Path) -> None:
    unknown = CASH.replace("120.0", "null").replace("70.0", "null::double")
    page = _page(tmp_path, LOAD, unknown)
    assert "2026-04-08" not in page and "150.0 %" in page


def test_a_gap_stands_beside_that_of_the_pack_before(tmp_path: Path) -> None:
    rows = _rows(_page(tmp_path, PACKS))
    assert ["2026-W13", "demand", "Drives", "May 2026", "150", "100", "50", "40", "–", "short"] in rows
    assert ["2026-W13", "material", "r-1", "Apr 2026", "107", "100", "7", "6", "–", "short"] in rows
