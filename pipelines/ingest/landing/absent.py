"""Columns of a contract that a file may lack: all but those that its object cannot live without.

Systems let everybody choose the columns of a list, so a shipped contract names more than most exports have. A header
that is missing is read as empty and said once; a header that an earlier file of the same contract had is a lost
column, and its file is refused.
"""

from collections.abc import Iterable
from dataclasses import replace

from pipelines.contracts import ObjectContract, canonical_objects
from pipelines.contracts.objects import KeyNamespace
from pipelines.ingest.arrival import Arrival
from pipelines.ingest.casting.header_mapping import HeaderMapping
from pipelines.ingest.files.file_ledger import Row

SEPARATOR = ","
KEY_SPACE = "key space "


class ProvenColumns:
    """The columns that loaded files of each contract had. A contract that changed proves its columns anew."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """rows: of the ledger of files. Rows of 0.1 had every column of their contract."""
        self._by_contract: dict[tuple[str, str, str], list[set[str]]] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Note a file of the ledger."""
        if row["status"] == "loaded" and row["rows_loaded"]:
            absent = set(filter(None, (row.get("absent_columns") or "").split(SEPARATOR)))
            self._by_contract.setdefault(_contract_of(row), []).append(absent)

    def relaxed(self, arrival: Arrival) -> Arrival:
        """The arrival under a contract whose columns may be missing unless they are needed or proven."""
        contract = arrival.contract
        if contract.reader.sheets:  # one table of many sheets: a header that one of them lacks is a mistake of it
            return arrival
        absent = self._by_contract.get((arrival.system.system, contract.name, arrival.contract_hash))
        never = set.intersection(*absent) if absent else None
        columns = {
            name: column.model_copy(update={"optional": True})
            for name, column in contract.columns.items()
            if (column.source or column.join) and not column.optional and _may_lack(contract, name, never)
        }
        spaces = tuple(_lenient(contract, space, never) for space in contract.key_namespace)
        freed = {KEY_SPACE + new.name for new, old in zip(spaces, contract.key_namespace, strict=True) if new != old}
        if not columns and not freed:
            return arrival
        update = {"columns": {**contract.columns, **columns}, "key_namespace": spaces}
        return replace(arrival, contract=contract.model_copy(update=update), may_lack=frozenset({*columns, *freed}))


def absent_names(arrival: Arrival, mapping: HeaderMapping) -> list[str]:
    """What the file lacks of what it may lack: canonical columns, and key spaces as `key space` and their name."""
    spaces = {KEY_SPACE + space.name: space.column for space in arrival.contract.key_namespace}
    return sorted(
        name
        for name in arrival.may_lack
        if (spaces[name] not in mapping.keys if name in spaces else not mapping.columns[name])
    )


def _lenient(contract: ObjectContract, space: KeyNamespace, never: set[str] | None) -> KeyNamespace:
    """A key space whose header may be missing unless an earlier file had it; a column's own is the column's."""
    is_free = space.column not in contract.columns and (never is None or f"{KEY_SPACE}{space.name}" in never)
    return space.model_copy(update={"optional": True}) if is_free and not space.optional else space


def _may_lack(contract: ObjectContract, name: str, never: set[str] | None) -> bool:
    """never: columns that no loaded file of the contract had; None before the first file."""
    canonical = canonical_objects()[contract.object].columns[name]
    needed = {*contract.key, contract.window_column, contract.latest_column}
    return not canonical.required and name not in needed and (never is None or name in never)


def _contract_of(row: Row) -> tuple[str, str, str]:
    return row["source_system"], row["contract"], row["contract_hash"]
