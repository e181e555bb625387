"""A case of one export: its values as a person wrote them, beside those under a proposed or a given contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from pipelines.bench.cases.verdict import Asked, Case
from pipelines.contracts import SourceContract, load_contract
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings, load_settings
from pipelines.ingest.proposals.preview import preview
from pipelines.ingest.proposals.propose import propose

COMPANY = "base_currency: EUR\ntimezone: Europe/Berlin\n"


@dataclass(frozen=True)
class Read:
    """What one file gave: accepted rows, refused ones, warnings, and the canonical columns that its contract fills."""

    accepted: pl.DataFrame
    refused: pl.DataFrame
    warnings: Sequence[str]
    filled: frozenset[str]


@dataclass(frozen=True)
class Export:
    """An export of a case and its right values.

    columns: canonical ones, values under `rows` in their order; a row per record that is one, in the order of the file.
    warned: a text in the file's warnings that stands for the values that are empty.
    """

    case: str
    file: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    warned: str = ""

    def proposed(self) -> Case:
        """The case under the contract that is proposed for its file."""
        return lambda folder: self._seen(folder, given=False)

    def given(self) -> Case:
        """The case under the contract that lies beside its file."""
        return lambda folder: self._seen(folder, given=True)

    def _seen(self, folder: Path, *, given: bool) -> tuple[Any, Any]:
        read = read_file(folder / self.case / self.file, given=given)
        if isinstance(read, Asked):
            return list(self.rows), read
        columns = [name for name in self.columns if name in read.filled or not given]
        picked = [self.columns.index(name) for name in columns]
        return [tuple(row[index] for index in picked) for row in self.rows], self._values(read, columns)

    def _values(self, read: Read, columns: Sequence[str]) -> Any:
        """The rows in the file's order, a quarantined one as what was asked."""
        rows = {row["_record"]: _cells(row, columns) for row in read.accepted.to_dicts()}
        rows |= {row["record"]: Asked(row["reason"]) for row in read.refused.to_dicts()}
        said = next((line for line in read.warnings if self.warned and self.warned in line), None)
        return [
            row
            if said is None or isinstance(row, Asked)
            else tuple(Asked(said) if cell is None else cell for cell in row)
            for _, row in sorted(rows.items())
        ]


def read_file(path: Path, *, given: bool) -> Read | Asked:
    """One file under the contract beside it (`t.yml`), or under the one that is proposed for it; or its refusal."""
    with TemporaryDirectory() as home:
        settings = company(Path(home))
        try:
            contract = _contract(settings, path, given)
            read = preview(settings, contract, contract.objects[0], path)
        except AlmanacError as question:
            return Asked(question)
    if read.outcome.status != "loaded":
        return Asked(read.outcome.reason)
    return Read(read.accepted, read.refused, read.outcome.warnings, frozenset(contract.objects[0].columns))


def company(home: Path) -> Settings:
    """A company with base currency EUR in Berlin, which takes amounts without a currency for its own and says so."""
    config = home / "config"
    config.mkdir(parents=True)
    (config / "company.yml").write_text(COMPANY, encoding="utf-8")
    return load_settings(home / "home", config=config)


def _contract(settings: Settings, path: Path, given: bool) -> SourceContract:
    """The contract beside the file, or the one that is proposed for it."""
    if given:
        return load_contract(path.parent / "t.yml")
    contract = settings.home.parent / "proposed.yml"
    contract.write_text(propose(settings, path, "t", None), encoding="utf-8")
    return load_contract(contract)


def _cells(row: dict[str, Any], columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in columns)
