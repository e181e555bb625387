"""Removes a person from landing onward, with a tombstone that keeps them out when old files are read again.

The tombstone is a keyed hash: it identifies the person without naming them. In kept text files the person's records
are blanked, so record numbers stay; kept workbooks and packed files are deleted, and their other rows stay.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import ObjectContract, SourceContract
from pipelines.home import durable, state, warehouse
from pipelines.home.settings import Settings
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.erasure.person import Person, contract_of, normal, personal_columns
from pipelines.ingest.erasure.redact import Header, kept_text
from pipelines.ingest.files import file_ledger, store
from pipelines.ingest.files.file_ledger import FileLedger, Row
from pipelines.ingest.formats.careful_parser import Dialect

LOG = "forgotten"
# What the subject of a question is made of, by its kind: the system and id of records of this object.
ASKED_ABOUT = {"same_customer": "accounts", "duplicate_deal": "opportunities", "contradictory_status": "opportunities"}


def tombstone_key(settings: Settings) -> str:
    """The key of tombstones, separate from the served key, so that a change of that one leaves them valid."""
    path = settings.state / "forgotten.key"
    if not path.exists():
        import secrets

        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(32), encoding="utf-8")
        path.chmod(0o600)
    return path.read_text(encoding="utf-8").strip()


def exclude_forgotten(settings: Settings, connection: duckdb.DuckDBPyConnection, contract: ObjectContract) -> None:
    """Mark records of forgotten people as control rows: counted, neither loaded nor quarantined."""
    tombstones = state.read(settings, LOG)
    if tombstones.is_empty() or not personal_columns(contract):
        return
    key = tombstone_key(settings)
    hashes = ", ".join(literal(tombstone) for tombstone in tombstones["person"].unique().sort())
    is_forgotten = " or ".join(
        f"sha256({literal(key)} || lower(trim(cast({quoted(name)} as varchar)))) in ({hashes})"
        for name in personal_columns(contract)
    )
    connection.execute(f"update typed set _is_control = true where {is_forgotten}")
    connection.execute("delete from faults where _record in (select _record from typed where _is_control)")


def forget(settings: Settings, contracts: Mapping[str, SourceContract], person: str, run_name: str) -> list[Row]:
    """Remove every record of a person, given by record id, e-mail, telephone or name; the files that were changed.

    Only personal columns, and ids of records that have any, are compared, as complete cells. The working file is
    deleted, because a database keeps old pages; the caller rebuilds it (`ingest.rebuild`).
    """
    tombstone = _tombstone(settings, person)
    number = len(list((settings.state / LOG).glob("*.parquet")))
    state.append(settings, LOG, f"{number:06d}-{run_name}", pl.DataFrame({"person": [tombstone]}))
    rows = _latest_rows(settings)
    people = _people(contracts, rows, person)
    files = [(row, someone) for row in rows if (someone := people.get((row["source_system"], row["contract"])))]
    removed, blanked = set[tuple[str, str]](), set[str]()
    changed = [row for row, someone in files if _erase_from_file(settings, row, someone, removed, blanked)]
    if changed:
        store.settle(settings, changed)
        file_ledger.append(settings, file_ledger.next_name(settings, run_name), changed)
    _erase_corrections(settings, {row["file_id"]: someone for row, someone in files}, removed)
    _erase_resubmissions(settings, people)
    files_by_id = {row["file_id"]: row for row in rows}
    gone = {(files_by_id[file]["object"], f"|{files_by_id[file]['source_system']}|{name}|") for file, name in removed}
    _erase_reviews(settings, person, gone)
    warehouse.discard(settings)
    return changed


def _people(contracts: Mapping[str, SourceContract], rows: list[Row], person: str) -> dict[tuple[str, str], Person]:
    """The person under every contract with personal columns, current or known only from the ledger."""
    contracts_by_name = {(row["source_system"], row["contract"]): contract_of(row["object"]) for row in rows}
    contracts_by_name |= {(name, item.name): item for name, system in contracts.items() for item in system.objects}
    return {claim: Person(person, item) for claim, item in contracts_by_name.items() if personal_columns(item)}


def _tombstone(settings: Settings, person: str) -> str:
    connection = duckdb.connect()
    try:
        row = connection.execute("select sha256(? || ?)", [tombstone_key(settings), normal(person)]).fetchone()
    finally:
        connection.close()
    assert row is not None
    return str(row[0])


def _latest_rows(settings: Settings) -> list[Row]:
    return list({row["file_id"]: row for row in FileLedger.read(settings).rows if row["object"]}.values())


def _erase_from_file(
    settings: Settings, row: Row, person: Person, removed: set[tuple[str, str]], blanked: set[str]
) -> bool:
    """Remove the person's records from the kept rows, refused rows and bytes of one file; whether there were any.

    removed: receives their (file id, source id); blanked: receives the hash of each file whose bytes were edited.
    """
    kept = store.bytes_path(settings, row["sha256"])
    with kept_text(settings, row, person.contract.reader) as text:
        is_named = text is not None and text.mentions(person)
        header = text.header(person) if text and is_named else (0, [])
        chunks = store.rows_paths(settings, row["object"], row["file_id"])
        accepted_ids = [source_id for path in chunks for source_id in _erase_rows(path, person)]
        dialect = text.dialect if text else Dialect(row["delimiter"] or ",")
        refused_ids = _erase_refused(store.refused_path(settings, row["file_id"]), dialect, person, header)
        ids = [*accepted_ids, *refused_ids]
        removed.update((row["file_id"], name) for name in ids if name)
        if text and is_named and text.blank(person, header, kept):
            blanked.add(row["sha256"])
        elif ids and row["sha256"] not in blanked:
            kept.unlink(missing_ok=True)  # a workbook, a packed file, a name joined of several cells: no safe edit
    row["rows_loaded"] -= len(accepted_ids)
    row["rows_quarantined"] -= len(refused_ids)
    row["rows_control"] += len(ids)
    return bool(ids)


def _erase_rows(path: Path, person: Person) -> list[str]:
    """Rewrite accepted rows without the person's; the ids of those."""
    if not path.exists():
        return []
    frame = pl.read_parquet(path)
    is_named = person.in_rows(frame)
    named = frame.filter(is_named)
    if named.height:
        temporary = path.with_name(f".{path.name}.tmp")
        frame.filter(~is_named).write_parquet(temporary)
        durable.keep(temporary, path)
    return named["source_id"].to_list()


def _erase_refused(path: Path, dialect: Dialect, person: Person, header: Header) -> list[str | None]:
    """Rewrite refused rows without the person's; the ids of those, where they have one."""
    if not path.exists():
        return []
    frame = pl.read_parquet(path)
    named = pl.Series(
        [
            normal(item["source_id"] or "") == normal(person.name) or person.in_line(item["raw_text"], dialect, header)
            for item in frame.to_dicts()
        ],
        dtype=pl.Boolean,
    )
    if named.any():
        store.keep_frame(frame.filter(~named), path)
    return frame.filter(named)["source_id"].to_list()


def _erase_corrections(settings: Settings, people: Mapping[str, Person], removed: set[tuple[str, str]]) -> None:
    """Rewrite the log of corrections without those of removed records, and of resubmitted rows that name the person."""

    def is_named(row: Row) -> bool:
        person = people.get(row["file_id"])
        if person is None or (row["file_id"], row["source_id"]) in removed:
            return person is not None
        if row["column_name"] == "*":
            return person.in_object(row["new_value"]) or person.in_line(row["old_value"], Dialect(), (0, []))
        values = (row["old_value"], row["new_value"])
        is_personal = row["column_name"] in personal_columns(person.contract)
        return is_personal and normal(person.name) in (normal(value or "") for value in values)

    for path in sorted((settings.state / "corrections").glob("*.parquet")):
        _rewrite(path, [is_named(row) for row in pl.read_parquet(path).to_dicts()])


def _erase_resubmissions(settings: Settings, people: Mapping[tuple[str, str], Person]) -> None:
    """Rewrite the log of resubmitted rows without the person's."""

    def is_named(row: Row) -> bool:
        person = people.get((row["source_system"], row["contract"]))
        if person is None:
            return False
        return person.in_object(row["cells"]) or person.in_line(row["was"], Dialect(), (0, []))

    for path in sorted((settings.state / "returned").glob("*.parquet")):
        _rewrite(path, [is_named(row) for row in pl.read_parquet(path).to_dicts()])


def _erase_reviews(settings: Settings, person: str, removed: set[tuple[str, str]]) -> None:
    """Rewrite the log of questions without those that quote the person, wait for them or are about a removed record.

    removed: object and `|system|id|` of each.
    """
    erased_name = normal(person)

    def is_named(row: Row) -> bool:
        about, subject = ASKED_ABOUT.get(row["kind"]), f"|{row['subject']}|"
        if any(key in subject for name, key in removed if name == about):
            return True
        # an id alone names nobody: another system has it too; `name:` is the id of who is known by name alone
        parts = [part for part in row["subject"].split("|") if about is None or part.startswith("name:")]
        names = [*(row["question"] or "").split('"')[1::2], *(part.removeprefix("name:") for part in parts)]
        return erased_name in map(normal, [*names, row["owner"] or ""])

    for path in sorted((settings.state / "reviews").glob("*.parquet")):
        _rewrite(path, [is_named(row) for row in pl.read_parquet(path).to_dicts()])


def _rewrite(path: Path, is_removed: list[bool]) -> None:
    if not any(is_removed):
        return
    kept = pl.read_parquet(path).filter(~pl.Series(is_removed, dtype=pl.Boolean))
    if kept.is_empty():
        path.unlink()
        return
    temporary = path.with_name(f".{path.name}.tmp")
    kept.write_parquet(temporary)
    durable.keep(temporary, path)
