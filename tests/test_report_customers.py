"""What is due and what customers are owed, from tables made by hand."""

import re
from pathlib import Path

from report_world import published

from pipelines.report import write_pack

DUE = """create table marts.due_list as select due_id as subject_id, 'E1' as rep_id, 'Ann' as rep_name, 'North' as team,
    'A' as tier, null::text as contact_name, null::date as last_contact_on, due_on, overdue_days, due_id, due_code,
    customer_name, amount_base, is_told_in_part from (values
    ('1', 'tier_contact', 'Old Ltd', date '2020-01-01', 2281, null, true),
    ('2', 'tier_contact', 'New Ltd', date '2026-03-30', 1, null, false),
    ('3', 'contract_end', 'Small Ltd', date '2026-04-09', -9, 10.0, false),
    ('4', 'contract_end', 'Large Ltd', date '2026-04-20', -20, 99.0, false)
) as t (due_id, due_code, customer_name, due_on, overdue_days, amount_base, is_told_in_part)"""
CONTACTS = """create table marts.contact_compliance as select 'B' as tier, 'month' as contact_period, * from (values
    ('c1', date '2026-02-28', 'met'), ('c1', date '2026-03-31', 'breach'), ('c2', date '2026-03-31', 'breach'),
    ('c3', date '2026-03-31', 'not_exported'), ('c4', date '2026-03-31', 'breach'), ('c1', date '2026-04-30', 'met')
) as t (customer_id, period_end, verdict_code)"""


def _rows(folder: Path, name: str, *tables: str) -> list[list[str]]:
    write_pack(folder / "pack", published(folder, *tables))
    lines = re.findall("<tr>(.*?)</tr>", (folder / "pack" / "en" / f"{name}.html").read_text(encoding="utf-8"), re.S)
    return [[re.sub("<[^>]+>", "", cell) for cell in re.findall("<td[^>]*>(.*?)</td>", line, re.S)] for line in lines]


def test_each_owner_sees_how_much_is_due_and_how_much_of_it_is_late(tmp_path: Path) -> None:
    assert ["Ann", "North", "4", "2", "0", "2", "0", "0", "2", "0"] in _rows(tmp_path, "due", DUE)


def test_contracts_come_before_contacts_and_what_is_told_in_part_comes_last(tmp_path: Path) -> None:
    rows = [row for row in _rows(tmp_path, "due", DUE) if len(row) == 9]
    assert [row[2] for row in rows] == ["Large Ltd", "Small Ltd", "New Ltd", "Old Ltd"]


def test_contacts_are_judged_on_periods_that_ended_and_that_exports_can_tell(tmp_path: Path) -> None:
    """One of four is met: the period that runs is met already, and is not counted before its breaches are."""
    rows = _rows(tmp_path, "customers", CONTACTS)
    assert ["B", "month", "4", "4", "1", "3", "25.0 %", "1"] in [row for row in rows if len(row) == 8]
