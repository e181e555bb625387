"""One file under one contract, without loading it: what would be accepted, what refused, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from pipelines.contracts import ObjectContract, Reader, SourceContract, canonical_objects
from pipelines.contracts.money import money_columns
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.ingest.arrival import Arrival, FileOutcome
from pipelines.ingest.casting.code_lists import load_vocabulary
from pipelines.ingest.files import store
from pipelines.ingest.files.file_ledger import FileLedger
from pipelines.ingest.formats.decode import content_hash
from pipelines.ingest.formats.source import FileRefusedError, scratch, scratch_database
from pipelines.ingest.landing.absent import ProvenColumns
from pipelines.ingest.landing.export_date import exported_at
from pipelines.ingest.landing.inbox import InboxFile, matching_contracts, named_like
from pipelines.ingest.landing.land_file import land_file
from pipelines.ingest.landing.nearest import fit, headers_of, nearest_by_headers

NO_DATE = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Preview:
    """Counts as in the ledger, accepted rows (canonical columns), refused rows (as in quality.quarantine)."""

    contract: str
    outcome: FileOutcome
    accepted: pl.DataFrame
    refused: pl.DataFrame


def find_contract(
    settings: Settings, contracts: Mapping[str, SourceContract], path: Path, wanted: str | None
) -> tuple[SourceContract, ObjectContract]:
    """The contract named `system/name`, otherwise the one whose globs match the file."""
    claims = [(system, item) for system in contracts.values() for item in system.objects]
    if wanted:
        claims = [(system, item) for system, item in claims if f"{system.system}/{item.name}" == wanted]
    else:
        inside = path.resolve().is_relative_to(settings.inbox)
        names = [path.resolve().relative_to(settings.inbox).as_posix()] if inside else [path.name, f"*/{path.name}"]
        claims = [
            claim for name in names for claim in matching_contracts([InboxFile(path, name, "", 0)], contracts)[name]
        ] or [claim for claim in claims if named_like(path.name, claim[1])]
        if len(claims) > 1 and not inside:  # deals.csv is a name of many systems: what its headers fit counts
            headers = headers_of(path)
            claims = sorted(claims, key=lambda claim: fit(claim[1], headers), reverse=True)
    if not claims:
        near = None if wanted else nearest_by_headers(path, contracts)
        why = f"nearest: {near}; read it with --contract {near.contract}, or " if near else ""
        raise AlmanacError(
            f"{path}: no contract {wanted or 'matches its name'}: {why}`almanac sources new {path}` proposes one"
        )
    return claims[0]


def preview(
    settings: Settings, system: SourceContract, contract: ObjectContract, path: Path, *, is_sample: bool = False
) -> Preview:
    """Read a file as ingestion would, in a temporary folder. A sample need not be named like an export."""
    if is_sample:  # its expected days are those of the file, in whichever zone the company lives
        of_source = {name: column.model_copy(update={"day_of": "source"}) for name, column in contract.columns.items()}
        contract = contract.model_copy(update={"columns": of_source})
    zone = system.timezone or settings.company.timezone
    columns = canonical_objects()[contract.object].columns
    kinds: set[str] = {kind for name in contract.columns if (kind := columns[name].map)}
    vocabularies = {kind: load_vocabulary(settings, kind, system.system) for kind in kinds}
    inside = path.resolve().is_relative_to(settings.inbox)
    name = (path.resolve().relative_to(settings.inbox) if inside else path).as_posix()
    undated = None
    try:
        moment = exported_at(contract, path, name, zone)
    except FileRefusedError as refusal:
        undated, moment = None if is_sample else refusal, NO_DATE
    with TemporaryDirectory() as folder:
        scratch_settings = replace(settings, home=Path(folder))
        arrival = Arrival(
            system, contract, "", zone, path, path.name, content_hash(path), path.stat().st_size, moment, vocabularies
        )
        if not is_sample:
            earlier = ({**row, "contract_hash": ""} for row in FileLedger.read(settings).rows)
            arrival = ProvenColumns(earlier).relaxed(arrival)
        with scratch_database(Path(folder) / "scratch") as scratch:
            outcome = land_file(scratch_settings, arrival, "preview", NO_DATE, scratch)
        if undated:
            _refuse_undated(outcome, undated)
            no_rows = pl.DataFrame(schema=store.REFUSED)
            return Preview(f"{system.system}/{contract.name}", outcome, pl.DataFrame(), no_rows)
        rows, refused = (
            store.rows_paths(scratch_settings, contract.object, "preview"),
            store.refused_path(scratch_settings, "preview"),
        )
        return Preview(
            f"{system.system}/{contract.name}",
            outcome,
            _with_all_columns(pl.read_parquet(rows), contract) if rows[0].exists() else pl.DataFrame(),
            pl.read_parquet(refused) if refused.exists() else pl.DataFrame(schema=store.REFUSED),
        )


def _refuse_undated(outcome: FileOutcome, refusal: FileRefusedError) -> None:
    """The outcome of a file without an export date: refused, with what would come of it otherwise."""
    rows = outcome.rows_in - outcome.rows_control
    rest = f"{outcome.rows_loaded} of {rows} rows would load" if outcome.status == "loaded" else outcome.reason
    outcome.status, outcome.reason_code = "rejected", refusal.code
    outcome.reason = f"{refusal.reason}; otherwise {rest}"


def _with_all_columns(rows: pl.DataFrame, contract: ObjectContract) -> pl.DataFrame:
    """The rows with every canonical column: columns that the contract does not fill are not stored."""
    names = list(canonical_objects()[contract.object].sql_columns)
    missing = rows.with_columns(pl.lit(None).alias(name) for name in names if name not in rows.columns)
    return missing.select([*names, *(name for name in rows.columns if name not in names)])


def read_table(
    path: Path, contract: ObjectContract | None = None, reader: Reader | None = None
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Any file as a table of text, with what was detected about it. Raises AlmanacError where it is no table."""
    from pipelines.ingest.formats.readers import read_source

    with TemporaryDirectory() as folder, scratch(Path(folder)) as (connection, unpack_folder):
        try:
            source = read_source(connection, path, reader or (contract.reader if contract else Reader()), unpack_folder)
        except FileRefusedError as refusal:
            raise AlmanacError(f"{path}: {refusal.reason}") from refusal
        if not source.headers:
            raise AlmanacError(f"{path}: its records do not name their values: set `headers` in the reader")
        names = ", ".join('"' + header.replace('"', '""') + '"' for header in source.headers)
        frame = connection.execute(f"select {names} from {source.relation} order by _record").pl()
    about = {"encoding": source.encoding, "delimiter": source.delimiter, "rows": frame.height}
    about |= {"has_header": source.has_header, "titles": source.titles}
    return frame, {**about, "control": source.control, "refused": source.refused}


def money_lines(rows: pl.DataFrame, name: str, base_currency: str) -> list[str]:
    """What the amounts of accepted rows were taken for: a line per currency, with the sum of the first money column."""
    money = [column for column in money_columns(canonical_objects()[name]) if column in rows.columns]
    money = [column for column in money if rows[column].count()]
    if not money:
        return []
    filled = rows.filter(pl.any_horizontal(pl.col(money).fill_null(0) != 0))
    sums = filled.group_by("currency").agg(pl.len(), pl.col(money[0]).sum()).sort("currency", nulls_last=True)
    return [
        f"rows with amounts {f'in {code}' if code else f'without a currency, taken for {base_currency}'}: {count:,}, "
        f"{money[0]} {amount:,.2f}"
        for code, count, amount in sums.iter_rows()
    ]


def check_samples(settings: Settings, system: SourceContract, folder: Path) -> list[str]:
    """The problems of a system's samples, one line each; empty where every expected row is loaded."""
    problems = []
    for contract in system.objects:
        if contract.sample:
            messages = _check_sample(settings, system, contract, folder / contract.sample.file)
            problems += [f"{system.system}/{contract.name}: {line}" for line in messages]
    return problems


def _check_sample(settings: Settings, system: SourceContract, contract: ObjectContract, path: Path) -> list[str]:
    sample = contract.sample
    assert sample is not None
    if not path.is_file():
        return [f"sample {path} is missing"]
    read = preview(settings, system, contract, path, is_sample=True)
    if read.outcome.status != "loaded":
        return [f"sample is rejected: {read.outcome.reason}"]
    problems = []
    if read.refused.height != sample.quarantined:
        problems.append(f"{read.refused.height} rows quarantined, {sample.quarantined} expected")
    if sample.loaded is not None and read.accepted.height != sample.loaded:
        problems.append(f"{read.accepted.height} rows loaded, {sample.loaded} expected")
    rows = read.accepted.to_dicts()
    for expected in sample.expected:
        if not any(matches_expected(row, expected) for row in rows):
            problems.append(f"no loaded row is { {name: _comparable(value) for name, value in expected.items()} }")
    return problems


def matches_expected(row: Mapping[str, object], expected: Mapping[str, object]) -> bool:
    """Whether a loaded row has the expected cells, as the YAML of a sample writes them."""
    return all(_comparable(row.get(name)) == _comparable(value) for name, value in expected.items())


def _comparable(value: object) -> str | None:
    """A value as compared with the YAML: 1234567, "1234567.0000" and 1234567.0 are equal."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    try:
        return f"{float(text):.6f}".rstrip("0").rstrip(".") if text[:1] != "0" or "." in text or text == "0" else text
    except ValueError:
        return text
