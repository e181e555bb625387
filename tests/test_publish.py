"""Serving: nothing half done is ever seen, nothing unchecked, nothing personal."""

import hashlib
import hmac
import subprocess
import sys
import tomllib
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from conftest import REPOSITORY
from gate_homes import REVENUE, execute, home, pass_gates, result, start, suite

from pipelines.errors import AlmanacError
from pipelines.gates import gates
from pipelines.home import warehouse
from pipelines.home.settings import Settings
from pipelines.serving import digits, places, publish, renamed, status_tables

PUBLISHED_AT = datetime(2025, 4, 1, 6)


def served(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(places.served_file(settings)), read_only=True) as connection:
        return connection.execute(query).fetchall()


def publish_revenue(settings: Settings, run_id: str = "r1", as_of: date = date(2025, 3, 31), factor: int = 1) -> None:
    run = start(settings, run_id, as_of=as_of)
    execute(settings, REVENUE, f"update marts.revenue set amount_base = amount_base * {factor}")
    pass_gates(settings, run)
    publish.publish(settings, run, PUBLISHED_AT)


def test_served_file_holds_the_tables_their_comments_and_the_run_they_come_from(tmp_path: Path) -> None:
    settings = home(tmp_path)
    publish_revenue(settings)
    assert served(settings, "select count(*), sum(amount_base) from marts.revenue") == [(10, 550)]
    about = "select comment from duckdb_tables() where table_name = 'revenue'"
    assert served(settings, about) == [("One row per invoice line; it's net of tax.",)]
    about = "select comment from duckdb_columns() where column_name = 'amount_base' and comment is not null"
    assert served(settings, about) == [("Amount in base currency.",)]
    assert served(settings, "select run_id, run_kind, as_of, published_at from control.published") == [
        ("r1", "live", date(2025, 3, 31), PUBLISHED_AT)
    ]
    assert served(settings, "select * from control.tables") == [("marts", "revenue", 10, None)]


def test_a_served_number_has_no_more_digits_than_mean_something() -> None:
    numbers = {
        0.35000000000000003: 0.35,
        0.6799999999999999: 0.68,
        -948521.3786125591: -948521.378613,
        1.5e-9 / 3: 5e-10,
        34_567_890_123_456.78: 34_567_890_123_456.78,
        0.0: 0.0,
        float("inf"): float("inf"),
    }
    with duckdb.connect() as connection:
        digits.create_rounding(connection)
        parts = [[1] * (len(numbers) + 1), [*numbers, None]]
        connection.execute("create table counted as select unnest(?) as n, unnest(?) as share", parts)
        assert connection.execute(
            digits.rounded("counted", digits.doubles(connection)["main", "counted"])
        ).fetchall() == [(1, number) for number in (*numbers.values(), None)]


def test_every_table_and_column_of_the_manifest_is_described(tmp_path: Path) -> None:
    settings = home(tmp_path)
    publish_revenue(settings)
    undescribed = """
        select table_name from duckdb_tables() where schema_name = 'control' and comment is null
        union all
        select column_name from duckdb_columns() where schema_name = 'control' and comment is null
    """
    assert served(settings, undescribed) == []


def test_only_served_schemas_leave_the_working_file(tmp_path: Path) -> None:
    settings = home(tmp_path)
    execute(settings, "create table raw.accounts as select '13800138000' as phone")
    publish_revenue(settings)
    assert served(settings, "select distinct schema_name from duckdb_tables() order by 1") == [("control",), ("marts",)]


def publish_renamed(settings: Settings) -> None:
    """Serve one row in the new table of each rename, and in each table that has a renamed column."""
    renames = {(schema, new): {} for (schema, _), new in renamed.RENAMED_TABLES.items()} | renamed.RENAMED_COLUMNS
    run = start(settings)
    for schema in sorted({schema for schema, _ in renames}):
        execute(settings, f"create schema if not exists {schema}")
    for (schema, table), columns in renames.items():
        values = ", ".join(f"{number} as {new}" for number, new in enumerate(columns.values(), start=2))
        execute(
            settings,
            f"create table {schema}.{table} as select 1 as as_of, {values}",
            f"comment on table {schema}.{table} is 'One row.'",
            f"comment on column {schema}.{table}.as_of is 'The day.'",
        )
    pass_gates(settings, run)
    publish.publish(settings, run, PUBLISHED_AT)


def test_every_old_name_answers_with_the_rows_of_the_new_one(tmp_path: Path) -> None:
    settings = home(tmp_path)
    publish_renamed(settings)
    parquet = settings.published / "parquet" / "latest"
    for (schema, old), new in renamed.RENAMED_TABLES.items():
        rows = served(settings, f"from {schema}.{new}")
        assert rows and served(settings, f"from {schema}.{old}") == rows
        files = [parquet / schema / f"{name}.parquet" for name in (old, new)]
        assert [duckdb.sql(f"from '{file}'").fetchall() for file in files] == [rows, rows]
        assert files[0].samefile(files[1]), "the rows are written once"
    for (schema, table), columns in renamed.RENAMED_COLUMNS.items():
        for old, new in columns.items():
            [(old_value, new_value)] = served(settings, f"select {old}, {new} from {schema}.{table}")
            assert old_value == new_value


def test_old_names_answer_where_the_served_file_is_attached_under_another_name(tmp_path: Path) -> None:
    settings = home(tmp_path)
    publish_renamed(settings)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{places.served_file(settings)}' as warehouse (read_only)")
        for schema, old in renamed.RENAMED_TABLES:
            assert connection.execute(f"select as_of from warehouse.{schema}.{old}").fetchall() == [(1,)]


def test_old_names_are_marked_and_counted_nowhere(tmp_path: Path) -> None:
    settings = home(tmp_path)
    publish_renamed(settings)
    old_names = [(*old, f"{old[0]}.{new}") for old, new in sorted(renamed.RENAMED_TABLES.items())]
    listed = "select schema_name, table_name, renamed_to from control.tables where renamed_to is not null order by all"
    assert served(settings, listed) == old_names
    status = status_tables.collect(settings)["served"]
    tables = served(settings, "select schema_name, table_name from duckdb_tables() where schema_name <> 'control'")
    assert sorted(status.select("schema_name", "table_name").rows()) == sorted(tables)


def test_old_names_say_what_they_are_called_now_and_until_when(tmp_path: Path) -> None:
    settings = home(tmp_path)
    publish_renamed(settings)
    goes = f"this name goes with version {renamed.GOES_WITH}."
    comments = dict(served(settings, "select view_name, comment from duckdb_views() where not internal"))
    assert comments["deviation_bridge"] == f"Renamed to outlook.variance_bridge; {goes}"
    about = "select comment from duckdb_columns() where table_name = 'target_gap' and column_name = 'create_by'"
    assert served(settings, about) == [(f"Renamed to latest_creation_on; {goes}",)]
    about = "select comment from duckdb_columns() where table_name = 'deviation_bridge' and column_name = 'as_of'"
    assert served(settings, about) == [("The day.",)]


def test_a_table_left_behind_under_its_old_name_is_not_served(tmp_path: Path) -> None:
    settings = home(tmp_path)
    execute(settings, "create schema outlook", "create table outlook.deviation_bridge as select 7 as as_of")
    execute(settings, "create table outlook.variance_bridge as select 1 as as_of")
    run = start(settings)
    pass_gates(settings, run)
    publish.publish(settings, run, PUBLISHED_AT)
    assert served(settings, "from outlook.deviation_bridge") == [(1,)]


def test_old_names_go_with_the_version_they_name() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version, goes_with = (tuple(map(int, v.split(".")[:2])) for v in (project["version"], renamed.GOES_WITH))
    assert version < goes_with, "remove the old names from pipelines/serving/renamed.py, or name a later version"


def test_parquet_of_the_newest_run_is_behind_latest_and_old_runs_are_let_go(tmp_path: Path) -> None:
    settings = home(tmp_path)
    for number in range(places.KEPT_RUNS + 2):
        publish_revenue(settings, f"r{number}", as_of=date(2025, 3, 1 + number), factor=number)
    parquet = settings.published / "parquet"
    newest = f"r{places.KEPT_RUNS + 1}"
    assert (parquet / "latest").resolve() == (parquet / newest).resolve()
    total = duckdb.sql(f"select sum(amount_base) from '{parquet}/latest/marts/revenue.parquet'").fetchall()
    assert total == [(550 * (places.KEPT_RUNS + 1),)]
    kept = {path.name for path in parquet.iterdir() if not path.is_symlink()}
    assert kept == {f"r{number}" for number in range(2, places.KEPT_RUNS + 2)}


def test_publishing_a_run_twice_leaves_one_copy(tmp_path: Path) -> None:
    settings = home(tmp_path)
    publish_revenue(settings)
    publish_revenue(settings, factor=2)
    assert served(settings, "select sum(amount_base) from marts.revenue") == [(1100,)]
    assert sorted(path.name for path in (settings.published / "parquet").iterdir()) == ["latest", "r1"]


def test_backfill_never_swaps(tmp_path: Path) -> None:
    settings = home(tmp_path)
    publish_revenue(settings)
    before = places.served_file(settings).stat().st_ino
    run = start(settings, "past", kind="backfill", as_of=date(2025, 1, 31))
    pass_gates(settings, run)
    assert publish.publish(settings, run, PUBLISHED_AT) == {}
    assert places.served_file(settings).stat().st_ino == before


@pytest.mark.parametrize("gate", gates.GATES)
def test_critical_failure_at_any_gate_leaves_the_served_file_untouched(tmp_path: Path, gate: str) -> None:
    settings = home(tmp_path)
    publish_revenue(settings)
    before = places.served_file(settings).read_bytes()
    run = start(settings, "r2")
    execute(settings, "update marts.revenue set amount_base = null")
    pass_gates(settings, run)
    gates.keep(settings, run, gate, [result(gate, "failed")])
    with pytest.raises(AlmanacError, match=f"the {gate} gate has 1 critical failures"):
        publish.publish(settings, run, PUBLISHED_AT)
    assert places.served_file(settings).read_bytes() == before


RULE = "{expectation: expect_table_row_count_to_be_between, min_value: 1, severity: critical, because: We need orders.}"


def test_a_gate_that_was_never_held_blocks(tmp_path: Path) -> None:
    settings = home(tmp_path)
    suite(settings, "raw", "{table: raw.orders, expectations: [" + RULE + "]}")
    run = start(settings)
    execute(settings, REVENUE)
    with pytest.raises(AlmanacError, match="the raw gate was not held"):
        publish.publish(settings, run, PUBLISHED_AT)
    assert not places.served_file(settings).exists()


def test_a_step_of_a_stale_run_cannot_publish_a_newer_runs_tables(tmp_path: Path) -> None:
    settings = home(tmp_path)
    stale = start(settings, "stale")
    publish_revenue(settings, "newer")
    with pytest.raises(AlmanacError, match="another run"):
        publish.publish(settings, stale, PUBLISHED_AT)


READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
total = "select sum(amount_base)::int from marts.revenue"
print(connection.execute(total).fetchall()[0][0], flush=True)
for _ in sys.stdin:
    print(connection.execute(total).fetchall()[0][0], flush=True)
"""


def test_a_reader_that_is_open_during_the_swap_neither_fails_nor_blocks_it(tmp_path: Path) -> None:
    settings = home(tmp_path)
    publish_revenue(settings)
    command = [sys.executable, "-c", READER, str(places.served_file(settings))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin and reader.stdout
        assert reader.stdout.readline() == "550\n"
        publish_revenue(settings, "r2", factor=3)
        reader.stdin.write("again\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "550\n", "an open connection keeps the file it opened"
        reader.stdin.close()
    assert reader.returncode == 0
    assert served(settings, "select sum(amount_base)::int from marts.revenue") == [(1650,)]


REOPENER = """
import sys, time, duckdb
folder, seen = sys.argv[1], []
print("ready", flush=True)
while not seen or seen[-1] != "r5":
    with duckdb.connect(folder + "/almanac.duckdb", read_only=True) as connection:
        query = "select run_id, (select sum(amount_base)::int from marts.revenue) from control.published"
        run_id, total = connection.execute(query).fetchall()[0]
    assert total == 550 * int(run_id[1:]), (run_id, total)
    seen += [run_id] if run_id not in seen else []
    time.sleep(0.005)
print(seen == sorted(seen), flush=True)
"""


def test_no_reader_ever_sees_half_a_run(tmp_path: Path) -> None:
    settings = home(tmp_path)
    publish_revenue(settings)
    command = [sys.executable, "-c", REOPENER, str(settings.published)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == "ready\n"
        for number in range(2, 6):
            publish_revenue(settings, f"r{number}", factor=number)
        assert reader.stdout.read() == "True\n"
    assert reader.returncode == 0


def test_a_copy_that_lost_rows_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = home(tmp_path)
    publish_revenue(settings)
    copied = publish.copying.copy
    monkeypatch.setattr(
        publish.copying, "copy", lambda *args: ({table: n + 1 for table, n in copied(*args)[0].items()}, {})
    )
    with pytest.raises(AlmanacError, match="holds 10 of 11 rows"):
        publish_revenue(settings, "r2", factor=3)
    assert served(settings, "select run_id from control.published") == [("r1",)]
    monkeypatch.undo()
    publish_revenue(settings, "r3")
    assert not list(settings.published.glob(".*")), "what a broken run left behind is cleared"


CONTRACT = """
system: shop
title: Shop
objects:
  - object: accounts
    files: "shop_(*).csv"
    exported_at: {on: 2025-01-31}
    key: [account_id]
    pii: {email: hash, phone: drop, birth_date: drop, account_name: hash}
    columns: {account_id: Id, account_name: Name, email: Mail, phone: Phone, birth_date: Born}
"""


@pytest.mark.parametrize("key", ["a secret of the company", "", "k" * 100])
def test_personal_columns_are_served_as_keyed_hashes_or_not_at_all(tmp_path: Path, key: str) -> None:
    settings = home(tmp_path, pii_key=key)
    (settings.sources / "shop.yml").write_text(CONTRACT, encoding="utf-8")
    customers = "'王小明' as customer_name, 'a@b.cn' as email, '138' as phone, date '1980-01-01' as birth_date"
    reviews = "'王小明' as account_name_l, 'Is 王小明 the same?' as question"
    execute(settings, "create schema marts", f"create table marts.customer_360 as select {customers}")
    execute(settings, f"create table marts.customer_reviews as select {reviews}")
    changes = "('phone', '138', '139'), ('email', 'a@b.cn', null), ('city', 'Ulm', 'Bonn')"
    execute(settings, f"create table marts.corrections as from (values {changes}) t(column_name, old_value, new_value)")
    run = start(settings)
    pass_gates(settings, run)
    publish.publish(settings, run, PUBLISHED_AT)

    def hashed(value: str) -> str | None:
        return hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest() if key else None

    assert served(settings, "from marts.customer_360") == [(hashed("王小明"), hashed("a@b.cn"), None, None)]
    assert served(settings, "from marts.customer_reviews") == [(hashed("王小明"), hashed("Is 王小明 the same?"))]
    corrections = [("phone", None, None), ("email", hashed("a@b.cn"), None), ("city", "Ulm", "Bonn")]
    assert served(settings, "from marts.corrections") == corrections
    assert served(settings, "select typeof(birth_date) from marts.customer_360") == [("DATE",)]
    with warehouse.read(settings) as connection:
        assert connection.execute("select phone from marts.customer_360").fetchall() == [("138",)]


def test_what_contacts_are_reached_by_is_hashed_without_a_contract_saying_so(tmp_path: Path) -> None:
    settings = home(tmp_path, pii_key="secret")
    execute(
        settings, "create schema marts", "create table marts.people as select '王小明' as contact_name, '138' as phone"
    )
    run = start(settings)
    pass_gates(settings, run)
    publish.publish(settings, run, PUBLISHED_AT)
    assert served(settings, "select length(contact_name), length(phone) from marts.people") == [(64, 64)]
