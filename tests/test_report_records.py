"""Contracts, leads, records and words on their pages, from tables made by hand."""

import re
from pathlib import Path

from report_world import published, status_file

from pipelines.report import write_pack

CONTRACTS = """create table marts.recurring_revenue as select 'total' as level, 3 as contract_count,
    2 as contract_count_year_before, 1.1 as relative_net_retention_12m, 0.9 as gross_retention_rate_12m,
    annual_base - expected_renewals_base as signed_annual_base, * from (values
    (date '2024-03-01', false, 500.0, 0.0), (date '2026-02-01', false, 700.0, 0.0),
    (date '2026-03-01', false, 800.0, 0.0), (date '2026-04-01', true, 760.0, 60.0)
) as t (period_start, is_expected, annual_base, expected_renewals_base)"""
LEADS = """create table marts.lead_conversion as select 'last_12_months' as period, 'total' as level, '' as member,
    20 as lead_count, 16 as settled_count, 4 as settled_converted_count, 0.25 as conversion_rate,
    0.1 as conversion_low_95, 0.5 as conversion_high_95, 11.0 as median_conversion_days, 12 as assignment_known_count,
    3 as overdue_count, 0.6 as in_time_rate"""
HEALTH = """create table marts.data_health as select 'source_system' as level, 9 as record_count,
    health_share as completeness_share, 1.0 as validity_share, 1.0 as uniqueness_share,
    null::double as timeliness_share, null::double as relative_change, * from (values
    ('crm', date '2026-02-01', 1.0), ('crm', date '2026-03-01', 0.8), ('erp', date '2026-03-01', 0.9)
) as t (member, period_start, health_share)"""
WORDS = """create table marts.picklist_words as select 'crm' as source_system, 'opportunities' as object,
    'loss_reason' as column_name, 8 as filled_count, 2 as outside_count, 0.25 as outside_rate, * from (values
    ('Prise', 2, false), ('Price', 6, true), ('anything', 1, null)) as t (word, row_count, is_listed)"""


def _page(folder: Path, name: str, *tables: str) -> str:
    write_pack(folder / "pack", published(folder, *tables), status_file(folder))
    return (folder / "pack" / "en" / f"{name}.html").read_text(encoding="utf-8")


def _rows(page: str) -> list[list[str]]:
    lines = re.findall("<tr>(.*?)</tr>", page, re.S)
    return [[re.sub("<[^>]+>", "", cell) for cell in re.findall("<td[^>]*>(.*?)</td>", line, re.S)] for line in lines]


def test_signed_contracts_and_expected_renewals_are_no_forecast_and_join_in_the_newest_month(tmp_path: Path) -> None:
    page = _page(tmp_path, "index", CONTRACTS)
    rows = [row for row in _rows(page) if len(row) == 9]
    assert [row[:5] for row in rows] == [
        ["Feb 2026", "700", "–", "700", "0"],
        ["Mar 2026", "800", "800", "800", "0"],
        ["Apr 2026", "–", "760", "700", "60"],
    ]
    assert ">Signed and renewals expected</text>" in page


def test_leads_in_time_stand_beside_all_leads_of_which_that_can_be_told(tmp_path: Path) -> None:
    row = ["total", "–", "20", "16", "4", "25.0 %", "10.0 %", "50.0 %", "11", "15", "60.0 %"]
    assert row in _rows(_page(tmp_path, "pipeline", LEADS))


def test_the_less_healthy_a_system_the_redder_its_month(tmp_path: Path) -> None:
    page = _page(tmp_path, "quality", HEALTH)
    strength = {share: float(alpha) for alpha, share in re.findall(r"rgba\(184,50,50,([.0-9]+)\)\">([.0-9]+) %", page)}
    assert strength["100.0"] == 0 < strength["90.0"] < strength["80.0"]
    assert re.search(r"erp</th><td></td><td style", page)  # a month that was not told is empty


def test_only_words_that_a_list_does_not_know_are_shown(tmp_path: Path) -> None:
    rows = [row for row in _rows(_page(tmp_path, "quality", WORDS)) if "loss_reason" in row]
    assert rows == [["crm", "deals", "loss_reason", "Prise", "2", "8", "2", "25.0 %"]]


TEAMS = (
    "alter table outlook.target_gap add column attainment double default 0",
    "alter table outlook.target_gap add column pace double default 1",
    "alter table outlook.target_gap add column member varchar default ''",
    """insert into outlook.target_gap by name select gap.* replace (
        'team' as level, t.member as member, t.month as period_start, last_day(t.month) as period_end
    ) from outlook.target_gap as gap cross join (values
        ('North', date '2026-04-01'), ('North', date '2026-05-01'), ('South', date '2026-05-01')
    ) as t (member, month)""",
)


def test_a_team_without_a_target_for_the_running_period_is_told_with_its_next_one(tmp_path: Path) -> None:
    rows = [row[1:4] for row in _rows(_page(tmp_path, "people", *TEAMS)) if row[1:2] in (["North"], ["South"])]
    assert sorted(rows) == [["North", "month", "Apr 2026"], ["South", "month", "May 2026"]]
