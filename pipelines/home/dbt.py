"""The dbt project of one home: the shipped project with the company's policy laid over it.

dbt always runs from this copy, never from the shipped folder, so that two homes (or a demo and the real thing) can
differ in seeds and models without touching each other's parse cache.
"""

import hashlib
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.errors import AlmanacError
from pipelines.home import child, parsed
from pipelines.home.settings import DBT_PROJECT, Settings

# By path, and without that path's folder among the modules: it has one that is called dbt.
DBT = (sys.executable, "-P", str(Path(child.__file__)))
# Unit tests prove SQL, not data: `make test` runs them. A test of several models runs with the last of them.
# Nothing reads the artefacts of a step (Dagster has the events), and writing them took a third of its CPU time.
BUILD = (
    *("build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"),
    *("--no-write-json", "--log-level-file", "info"),
)
QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}
ERROR = re.compile(r"\b(Failure in|Error)\b")  # not progress, and no test whose name speaks of errors
COMPANY_LAYERS = ("intermediate", "marts", "outlook")
VERSION = Path("macros") / "materializations" / "project_version.sql"
KPI_PREFIX, KPI_FAMILIES = "int_kpi_", Path("macros") / "kpi_families.sql"
# A plan by statistics of what tables hold would not say all that a query reads (`macros/materializations/kept.sql`).
RULES = {"timezone": "UTC", "disabled_optimizers": "statistics_propagation"}
NOT_PROJECT = {"target", "logs", "dbt_packages", "profiles.yml", ".user.yml"}


def prepare_project(settings: Settings) -> Path:
    """The folder to run dbt in, brought up to date; parsed anew only where no home of this user has its files."""
    folder = _folder(settings)
    wanted = _wanted(settings)
    stamp, manifest = folder / "target" / ".fingerprint", folder / "target" / "manifest.json"
    if manifest.is_file() and stamp.is_file() and stamp.read_text() == _hash(wanted):
        return folder
    stamp.unlink(missing_ok=True)  # an edit that breaks the parse and is undone must be undone here as well
    _write(folder, wanted)
    if not parsed.restore(folder / "target", _hash(wanted)):
        dbt(folder, "parse")
        parsed.keep(folder / "target", _hash(wanted))
    stamp.write_text(_hash(wanted))
    return folder


def _folder(settings: Settings) -> Path:
    return settings.warehouse / "dbt_project"


def prepared(settings: Settings) -> str:
    """The hash of the project as it was prepared last: what dbt runs, whatever was edited since. Empty while it is."""
    stamp = _folder(settings) / "target" / ".fingerprint"
    return stamp.read_text() if stamp.is_file() else ""


def fingerprint(settings: Settings) -> str:
    """A hash over every file of the project as this home would run it."""
    return _hash(_wanted(settings))


def dbt(folder: Path, *arguments: str) -> str:
    """Run one dbt command in a prepared project and return what it printed; a failure is one line with dbt's reason."""
    command = [*DBT, "--no-use-colors", *arguments, "--project-dir", str(folder), "--profiles-dir", str(folder)]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False)
    if done.returncode:
        log = folder / "logs" / "dbt.log"
        raise AlmanacError(f"dbt {arguments[0]} failed: {_reason(done.stdout) or done.stderr.strip()} (log: {log})")
    return done.stdout


@contextmanager
def host() -> Iterator[None]:
    """A process that dbt's commands share while this is open: imports and the parsed project are paid once for them.

    Commands find it by the environment. One inside another is no second host; elsewhere than on Linux there is none.
    """
    if sys.platform != "linux" or child.HOST in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="almanac-") as folder, socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(path := f"{folder}/dbt")  # only its owner may enter the folder
        except OSError:  # Linux takes paths of up to 107 bytes: below a deeper folder each command starts dbt anew
            yield
            return
        listener.listen()
        number = listener.fileno()
        program = [sys.executable, "-P", str(Path(child.__file__).with_name("dbt_host.py")), str(number)]
        process = subprocess.Popen(program, env={**os.environ, **QUIET}, stdin=subprocess.DEVNULL, pass_fds=[number])
        listener.close()  # if the host dies, nobody waits for it
        os.environ[child.HOST] = path
        try:
            yield
        finally:
            os.environ.pop(child.HOST, None)
            process.kill()  # it holds nothing that it would have to put away, and terminating may be ignored
            process.wait()


def executable(settings: Settings) -> Path:
    """dbt as a program of one word, for who starts it by its name: it ends with who has started it."""
    path = settings.warehouse / "dbt.sh"
    text = f'#!/bin/sh\nexec {shlex.join(DBT)} "$@"\n'
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o700)
    return path


def ancestors(folder: Path, *models: str) -> dict[tuple[str, str], Path | None]:
    """(schema, table) of models and all that they are built from, in order of building, each with its compiled SQL.

    None where a table is not made by SQL: sources and seeds. The newest compiled file is that of the last build.
    """
    manifest = json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))
    nodes, ordered = {**manifest["nodes"], **manifest["sources"]}, dict[str, None]()

    def visit(key: str) -> None:
        for parent in nodes[key].get("depends_on", {}).get("nodes", ()):
            if parent not in ordered:
                visit(parent)
        ordered[key] = None

    for key, node in manifest["nodes"].items():
        if key.startswith("model.") and node["name"] in models and key not in ordered:
            visit(key)
    names = [nodes[key]["name"] for key in ordered if key.startswith("model.")]
    compiled = _compiled(folder)
    if missing := [model for model in names if model not in compiled]:
        dbt(folder, "compile", "--select", *missing)
        compiled = _compiled(folder)
    tables = {key: (nodes[key]["schema"], nodes[key]["name"]) for key in ordered}
    return {table: compiled[table[1]] if key.startswith("model.") else None for key, table in tables.items()}


def views(folder: Path) -> set[str]:
    """The models that are views: a copy of one costs more than its readers save."""
    manifest = json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))
    models = (node for key, node in manifest["nodes"].items() if key.startswith("model."))
    return {node["name"] for node in models if node["config"]["materialized"] == "view"}


def _compiled(folder: Path) -> dict[str, Path]:
    """The compiled SQL of every model by name; each step of the job has a target folder of its own.

    What dbt compiles for a unit test stands below the name of its YAML: rows of the test under the name of a model.
    """
    compiled = (folder / "target").glob("**/compiled/*/models/**/*.sql")
    models = (path for path in compiled if not any(part.endswith((".yml", ".yaml")) for part in path.parts))
    return {path.stem: path for path in sorted(models, key=lambda path: (path.stat().st_mtime, path))}


def _reason(printed: str) -> str:
    """dbt's first error in one line: it prints the place first and the reason below it."""
    lines = [line.strip() for line in printed.splitlines()]
    first = next((number for number, line in enumerate(lines) if ERROR.search(line)), len(lines))
    return " ".join(line for line in lines[first : first + 4] if line)


def _project_files() -> Iterator[tuple[Path, bytes]]:
    for path in sorted(DBT_PROJECT.rglob("*")):
        relative = path.relative_to(DBT_PROJECT)
        if path.is_file() and not NOT_PROJECT.intersection(relative.parts):
            yield relative, path.read_bytes()


def _overlay_files(settings: Settings) -> Iterator[tuple[Path, bytes]]:
    """The company's seeds over the shipped ones, its models beside them."""
    if settings.config is None:
        return
    for source, target in (("seeds", Path("seeds")), ("models", Path("models") / "company")):
        for path in sorted((settings.config / source).rglob("*")):
            relative = path.relative_to(settings.config / source)
            if path.is_file() and source == "models" and relative.parts[0] not in COMPANY_LAYERS:
                raise AlmanacError(f"{path}: put it into models/{'/, models/'.join(COMPANY_LAYERS)}/: that is its step")
            if path.is_file():
                yield target / relative, path.read_bytes()


def _profile(settings: Settings) -> bytes:
    """Where the tables are, as seen from the folder dbt runs in: a home that is moved or copied is not parsed anew.

    Where memory is bounded one table is made at a time, with all of it: two share it, and each may need most.
    """
    path = os.path.relpath(settings.working_file, _folder(settings))
    retries = {"connect_attempts": 5}  # someone's short query ends soon
    limit = {"memory_limit": settings.company.memory_limit} if settings.company.memory_limit else {}
    at_once = 1 if limit else 2
    output = {"type": "duckdb", "path": path, "threads": at_once, "settings": {**RULES, **limit}, "retries": retries}
    return json.dumps({"almanac": {"target": "home", "outputs": {"home": output}}}, indent=2).encode()


def _wanted(settings: Settings) -> dict[Path, bytes]:
    files = {**dict(_project_files()), **dict(_overlay_files(settings)), Path("profiles.yml"): _profile(settings)}
    files |= {KPI_FAMILIES: _kpi_families(files)}
    version = f"{{% macro project_version() -%}} {{{{ return('{_hash(files)}') }}}} {{%- endmacro %}}\n"
    return {**files, VERSION: version.encode()}


def _kpi_families(files: dict[Path, bytes]) -> bytes:
    """The macro that names every model of facts for KPIs: dbt cannot list models while it reads their references."""
    names = sorted(path.stem for path in files if path.suffix == ".sql" and path.stem.startswith(KPI_PREFIX))
    return f"{{% macro kpi_families() -%}} {{{{ return({names}) }}}} {{%- endmacro %}}\n".encode()


def _hash(files: dict[Path, bytes]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(str(path).encode() + b"\0" + hashlib.sha256(files[path]).digest())
    return digest.hexdigest()


def _write(folder: Path, wanted: dict[Path, bytes]) -> None:
    present = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    for path in present - set(wanted):
        if not {"target", "logs"}.intersection(path.parts):
            (folder / path).unlink()
    for path, content in wanted.items():
        target = folder / path
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
