"""Suites: which expectations a gate holds against which table. Read from YAML, refused where they say nonsense."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, get_args

import yaml

from expectations.results import Severity

GATES = ("raw", "clean", "marts", "forecast")
_SUITE_KEYS = {"gate", "about", "table", "key", "expectations"}
_OWN_KEYS = {"expectation", "severity", "because"}


class SuiteError(ValueError):
    """A suite that cannot be run as written: names the file, the entry and what to change."""


@dataclass(frozen=True)
class Entry:
    """One expectation in Great Expectations' own snake-case name and arguments.

    severity: a critical failure keeps the run from being served, a warning only reports.
    because: what a failure would do to the people who read the tables.
    """

    where: str
    expectation: str
    severity: Severity
    because: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """The entries one file holds against `schema.table`, where the table may be a pattern such as `raw.*`.

    key: columns that name an offending row in the results.
    """

    gate: str
    name: str
    path: Path
    schema: str
    table: str
    key: tuple[str, ...]
    entries: tuple[Entry, ...]


def load_suites(folders: Iterable[Path]) -> dict[str, list[Suite]]:
    """The suites of every gate, by gate, from several folders; a file of the earlier folder replaces its namesake.

    A suite stands in `<gate>/<name>.yml`, or in `<name>.yml` with a `gate:` of its own.
    """
    by_name: dict[tuple[str, str], Suite] = {}
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.yml")):
            suite = _suite(path, path.parent.name if path.parent != Path(folder) else None)
            by_name.setdefault((suite.gate, suite.name), suite)
    return {gate: [suite for (of, _), suite in sorted(by_name.items()) if of == gate] for gate in GATES}


def matching(suite: Suite, names: Iterable[str]) -> list[str]:
    """The known `schema.table` names the suite is about; a table written without a pattern stands for itself."""
    wanted = f"{suite.schema}.{suite.table}"
    if not any(sign in suite.table for sign in "*?["):
        return [wanted]
    return [name for name in names if fnmatchcase(name, wanted)]


def _suite(path: Path, folder_gate: str | None) -> Suite:
    content = _mapping(path)
    _refuse_unknown(str(path), set(content), _SUITE_KEYS)
    gate = content.get("gate", folder_gate)
    if gate not in GATES or (folder_gate and gate != folder_gate):
        raise SuiteError(f"{path}: gate {gate!r} must be one of {', '.join(GATES)} and the name of its folder")
    schema, dot, table = str(content.get("table", "")).partition(".")
    if not (schema and dot and table):
        raise SuiteError(f"{path}: `table:` must be written schema.table")
    entries = content.get("expectations")
    if not isinstance(entries, list):
        raise SuiteError(f"{path}: `expectations:` must be a list; an empty one switches off a shipped suite")
    key = tuple(content.get("key") or ())
    return Suite(gate, path.stem, path, schema, table, key, tuple(_entry(path, n, e) for n, e in enumerate(entries, 1)))


def _entry(path: Path, number: int, content: Any) -> Entry:
    where = f"{path}: entry {number}"
    if not isinstance(content, dict) or not isinstance(content.get("expectation"), str):
        raise SuiteError(f"{where} needs `expectation:` with a name such as expect_column_values_to_not_be_null")
    where = f"{where} ({content['expectation']})"
    if content.get("severity") not in get_args(Severity):
        raise SuiteError(f"{where}: `severity:` must be critical or warning")
    because = content.get("because")
    if not isinstance(because, str) or len(because.split()) < 3:
        raise SuiteError(f"{where}: `because:` must say in a sentence what a failure would mean")
    kwargs = {name: value for name, value in content.items() if name not in _OWN_KEYS}
    return Entry(where, content["expectation"], content["severity"], because.strip(), kwargs)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SuiteError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise SuiteError(f"{path}: must hold `table:` and `expectations:`")
    return content


def _refuse_unknown(where: str, given: set[str], known: set[str]) -> None:
    if unknown := sorted(given - known):
        raise SuiteError(f"{where}: unknown keys {', '.join(unknown)}: known are {', '.join(sorted(known))}")
