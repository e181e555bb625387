"""Packs for named people hold their pages and their rows, and nobody else's."""

from pathlib import Path

import pytest
from report_world import published, status_file

from pipelines.errors import AlmanacError
from pipelines.home.settings import load_settings
from pipelines.report import Edition, read_edition, write_pages
from pipelines.report.editions import edition_of
from pipelines.serving.editions import editions

pytestmark = pytest.mark.fast
# Two Ada Kims: one sells in North, one in South.
PEOPLE = """
create table marts.reps as select * from (values ('r1', 'Ada Kim', 'North'), ('r2', 'Bo Li', 'North'),
    ('r3', 'Ada Kim', 'South'), ('r4', 'Cy Wu', null)) as t (rep_id, rep_name, team);
create table marts.opportunities as select * from (values ('d1', 'c1', 'r1', 'Ada Kim', 'North'),
    ('d2', 'c2', 'r2', 'Bo Li', 'North'), ('d3', 'c3', 'r3', 'Ada Kim', 'South'), ('d4', 'c4', 'r4', 'Cy Wu', null))
    as t (opportunity_id, customer_id, rep_id, rep_name, team);
create table marts.customers as select * from (values ('c1', 'Bo Li'), ('c2', 'Ada Kim'))
    as t (customer_id, owner_name);
create table marts.deal_contacts as select opportunity_id, 'x' as role from marts.opportunities;
create table marts.win_rate as select * from (values ('rep', 'Bo Li', .5), ('team', 'North', .4), ('team', 'South', .3),
    ('total', '', .2)) as t (level, member, win_rate);
create table marts.invoices as select 'c' || i as customer_id from range(1, 5) as t (i);
create table marts.stages as select 'won' as stage_code;
insert into forecast.series values ('bookings|team|North|MS', 'bookings', 'team', 'North', 'MS');
"""


def rows(file: Path, edition: Edition, query: str) -> set[object]:
    with edition_of(edition, file) as served:
        return {next(iter(row.values())) for row in served.rows(query)}


@pytest.mark.parametrize(
    ("edition", "deals", "customers", "members"),
    [
        (Edition("a", "rep", "r1"), {"d1"}, set(), set()),
        (Edition("a", "rep", "Ada Kim"), set(), set(), set()),
        (Edition("a", "rep", "Bo Li"), {"d2"}, {"c1"}, {"Bo Li"}),
        (Edition("a", "manager", "North"), {"d1", "d2"}, {"c1"}, {"Bo Li", "North"}),
        (Edition("a", "rep", "O'Neil"), set(), set(), set()),
    ],
)
def test_an_edition_shows_only_the_rows_of_its_recipient(
    tmp_path: Path, edition: Edition, deals: set[str], customers: set[str], members: set[str]
) -> None:
    file = published(tmp_path, PEOPLE)
    assert rows(file, edition, "from marts.opportunities") == deals
    assert rows(file, edition, "from marts.deal_contacts") == deals, "by the deal that they belong to"
    assert rows(file, edition, "from marts.customers") == customers, "a name of two reps tells nobody's customers"
    assert rows(file, edition, "from marts.invoices") == customers
    assert rows(file, edition, "select member from marts.win_rate") == members, "peers and totals are others' rows"
    series = {"bookings|team|North|MS"} if edition.role == "manager" else set()
    assert rows(file, edition, "from forecast.series") == series
    assert rows(file, edition, "from marts.stages") == {"won"}


def test_a_table_that_does_not_tell_whose_its_rows_are_is_not_in_an_edition(tmp_path: Path) -> None:
    file = published(tmp_path, PEOPLE)
    with edition_of(Edition("a", "rep", "r1"), file, status_file(tmp_path)) as served:
        assert not served.has("outlook.alerts") and not any(name.startswith("status.") for name in served.columns)
    with edition_of(Edition("a", "executive"), file) as served:
        assert served.has("outlook.alerts")


def test_the_pages_say_for_whom_they_were_written_and_are_those_of_the_role(tmp_path: Path) -> None:
    for_all = write_pages(tmp_path / "x", read_edition(Edition("Eve", "executive"), published(tmp_path), None))
    assert {path.stem for path in for_all} <= {"index", "forecasts", "planning"}
    assert "Written for Eve" in (tmp_path / "x" / "en" / "index.html").read_text(encoding="utf-8")


def test_what_an_edition_leaves_out_is_its_recipients_not_the_runs(tmp_path: Path) -> None:
    due = """create table marts.due_list as select 'r2' as rep_id, 'Bo Li' as rep_name, 'North' as team,
        'birthday' as due_code, 0 as overdue_days"""
    file = published(tmp_path, PEOPLE, due)
    of_bo, of_all = Edition("Bo", "rep", "Bo Li"), Edition("Eve", "executive")
    for edition, said in ((of_bo, "no row of Bo Li"), (of_all, "that this run has not served")):
        write_pages(tmp_path / edition.role, read_edition(edition, file))
        page = (tmp_path / edition.role / "en" / "index.html").read_text(encoding="utf-8")
        assert said in page.partition('id="absent"')[2]


def test_without_a_row_of_its_own_an_edition_is_a_page_that_leads_nowhere(tmp_path: Path) -> None:
    written = write_pages(tmp_path / "x", read_edition(Edition("Cy", "rep", "Cy Wu"), published(tmp_path)))
    assert [path.name for path in written] == ["index.html"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("mei,boss,North", "none of executive, manager, rep, data_engineer"),
        ("mei,manager,", "needs a value"),
        ("mei,executive,North", "takes no value"),
        ("../mei,executive,", "cannot be the name of a folder"),
        ("mei,executive,\nmei,rep,r1", "twice: mei"),
    ],
)
def test_a_row_that_leaves_open_who_sees_what_is_refused(tmp_path: Path, row: str, why: str) -> None:
    settings = load_settings(tmp_path / "home", config=tmp_path)
    assert editions(settings) == []
    (tmp_path / "editions.csv").write_text(f"recipient,role,value\n{row}\n", encoding="utf-8")
    with pytest.raises(AlmanacError, match=why):
        editions(settings)
