"""One source system: its rules and the files it sends, and the folder of all of them."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from pipelines.contracts.columns import NumberFormat
from pipelines.contracts.declared import Declared, Word, Words, checked_owner, explained, parsed_yaml
from pipelines.contracts.objects import ObjectContract
from pipelines.errors import AlmanacError


class SourceContract(Declared):
    """One source system: its rules and the files it sends."""

    system: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    timezone: str | None = None
    priority: int = 100
    cadence_days: int = Field(default=7, ge=1)
    owner: Annotated[Word, AfterValidator(checked_owner)] = ""
    required: bool = False
    recognise: Literal["invoice", "order"] | None = None
    number_format: NumberFormat = NumberFormat()
    null_words: Words = ()
    objects: Annotated[
        tuple[ObjectContract, ...],
        BeforeValidator(lambda items: _named(items), json_schema_input_type=list[ObjectContract]),
    ] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> "SourceContract":
        names = [item.name for item in self.objects]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"objects: {twice[0]!r} is declared twice; give each a `name` of its own")
        if self.timezone:
            try:
                ZoneInfo(self.timezone)
            except (OSError, ValueError, KeyError) as error:
                raise ValueError(f"timezone {self.timezone!r} is not an IANA time zone") from error
        return self

    def cadence_of(self, item: ObjectContract) -> int:
        """Days between two exports of the object: its own promise, or that of its system."""
        return item.cadence_days or self.cadence_days

    def contract_hash(self, item: ObjectContract, timezone: str, words: str = "") -> str:
        """Changes exactly when the same bytes could become other rows, so that its files are read again.

        words: a fingerprint of the vocabularies the object is mapped with.
        """
        meaning = item.model_dump(mode="json", exclude={"sample", "pii", "files", "cadence_days"})
        meaning = {name: said for name, said in meaning.items() if said or name not in ("unpivot", "stated")}
        for late in ("plugin", "fill_down_within"):  # as in homes of before there was such a choice
            if not meaning["reader"][late]:
                del meaning["reader"][late]
        for column in meaning["columns"].values():
            if column["day_of"] == "company":  # as in homes of before there was a choice
                del column["day_of"]
        shared = [self.system, timezone, self.number_format.model_dump(), self.null_words, words]
        return hashlib.sha256(json.dumps([meaning, shared], sort_keys=True, default=str).encode()).hexdigest()[:16]


def _named(items: Any) -> Any:
    """Give every object contract its default name, the object's."""
    if not isinstance(items, list):
        return items
    return [{**item, "name": item.get("name") or item.get("object", "")} for item in items if isinstance(item, dict)]


def load_contract(path: Path) -> SourceContract:
    """The contract in one file, or a one-line error that names file, object and field."""
    return _read_once(path, path.read_bytes())


@lru_cache(maxsize=512)  # a command asks several times for all contracts, which nobody can change: they are frozen
def _read_once(path: Path, content: bytes) -> SourceContract:
    values = parsed_yaml(path, content)
    try:
        return SourceContract(**values)
    except ValidationError as error:
        raise AlmanacError(explained(path, error, values)) from error


def load_contracts(folder: Path) -> dict[str, SourceContract]:
    """Every contract of a folder by system, in the order of the file names.

    An empty file is a contract that is being written, as by `almanac sources new FILE > sources/x.yml`.
    """
    contracts: dict[str, SourceContract] = {}
    for path in sorted(file for file in folder.glob("*.yml") if file.stat().st_size):
        contract = load_contract(path)
        if contract.system in contracts:
            raise AlmanacError(f"{path}: system {contract.system} is declared in another file of the folder as well")
        contracts[contract.system] = contract
    return contracts
