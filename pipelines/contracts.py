"""What each source system sends and how it becomes canonical: frozen declarations, read from YAML.

A contract refuses nonsense when it is read, in a sentence that says what to write instead, and never when the
thousandth file arrives. Unknown keys are errors that name the file, the object and the field.
"""

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pipelines.errors import AlmanacError

OBJECTS_FOLDER = Path(__file__).resolve().parent / "objects"
SQL_TYPES = {
    "text": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "decimal": "DECIMAL(18,4)",
    "rate": "DECIMAL(18,8)",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "share": "DOUBLE",
}


def _text(value: Any) -> Any:
    """YAML reads `yes` as True and `2014-01-28` as a date; in a contract they are words."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, str) else str(value)


def _texts(value: Any) -> Any:
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(_text(item) for item in items)


Word = Annotated[str, BeforeValidator(_text)]
Words = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class Declared(BaseModel):
    """Base of every declaration: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class CanonicalColumn(Declared):
    """One column of a canonical object. `map` names the vocabulary its words are translated with."""

    type: Literal["text", "date", "timestamp", "decimal", "rate", "number", "integer", "boolean", "share"]
    about: str
    unit: str = ""
    map: Literal["stages", "statuses", "currencies"] | None = None
    required: bool = False
    pii: bool = False

    @property
    def sql_type(self) -> str:
        """The DuckDB type of the column."""
        return SQL_TYPES[self.type]


class CanonicalObject(Declared):
    """What one row of `raw.<name>` is."""

    name: str
    about: str
    key_column: str
    columns: dict[str, CanonicalColumn]

    @property
    def sql_columns(self) -> dict[str, str]:
        """Column name to DuckDB type, `<column>_source` beside every mapped column."""
        typed: dict[str, str] = {}
        for name, column in self.columns.items():
            typed[name] = column.sql_type
            if column.map:
                typed[f"{name}_source"] = "VARCHAR"
        return typed


class NumberFormat(Declared):
    """How numbers are written: `1,234.50` is thousands "," and decimal "."; `1.234,50` the other way round."""

    thousands: str = ","
    decimal: Literal[".", ","] = "."

    @model_validator(mode="after")
    def _differ(self) -> "NumberFormat":
        if self.thousands == self.decimal:
            raise ValueError("number_format: thousands and decimal must differ, or 1,234 could be two numbers")
        return self


class ExportedAt(Declared):
    """Where the instant of the export stands: exactly one of filename, column, sidecar, on."""

    filename: str | None = None
    column: str | None = None
    sidecar: bool = False
    on: Word | None = None
    format: str = "%Y-%m-%d"

    @model_validator(mode="after")
    def _exactly_one(self) -> "ExportedAt":
        if sum(bool(way) for way in (self.filename, self.column, self.sidecar, self.on)) != 1:
            raise ValueError("exported_at: say exactly one of filename, column, sidecar: true, on")
        if self.filename and re.compile(self.filename).groups != 1:
            raise ValueError(f"exported_at: filename {self.filename!r} needs exactly one group around the date")
        return self


class Reader(Declared):
    """How the bytes become a table; everything that is not said is found out from the content."""

    format: Literal["auto", "csv", "xlsx", "jsonl", "json", "parquet"] = "auto"
    encoding: str = "auto"
    delimiter: str = "auto"
    quote: str = "auto"
    escape: str = "auto"
    header_row: Literal["auto", "none"] | int = "auto"
    headers: Words = ()
    sheet: int | str = 0
    sheets: str | None = None
    member: str | None = None
    totals: Words = ("合计", "小计", "总计", "Total", "Totals", "Grand Total", "Subtotal")
    fill_down: Words = ()
    ragged: Literal["refuse", "pad"] = "refuse"
    comment: str = ""
    records: str | None = None


class Sample(Declared):
    """A small export and what must come of it; one test runs them all."""

    file: str
    expected: tuple[dict[str, Any], ...] = ()
    quarantined: int = 0
    loaded: int | None = None


class KeyNamespace(Declared):
    """A key space that systems share: the same key there is the same customer."""

    name: str
    column: str
    normalise: Literal["digits", "strip_zeros", "upper", "none"] = "none"
    pattern: str | None = None


class Correction(Declared):
    """A known fault that is repaired and logged instead of refused. SQL over canonical columns."""

    name: str
    set: dict[str, str] = Field(min_length=1)
    when: str
    because: str


class Check(Declared):
    """A row for which `expect` is false is quarantined under the check's name. SQL over canonical columns."""

    name: str
    expect: str
    because: str


class Column(Declared):
    """Where one canonical column comes from: exactly one of from, join, const, expression."""

    source: Words = Field(default=(), validation_alias=AliasChoices("from", "source"))
    join: Words = ()
    separator: str = " "
    const: Word | None = None
    expression: str | None = None
    unit: float = 1
    tax: Literal["excluded", "included"] = "excluded"
    tax_rate: float | str | None = None
    scale: Literal["fraction", "percent"] = "fraction"
    formats: Words = ()
    timezone: str | None = None
    number_format: NumberFormat | None = None
    true_words: Words = ()
    false_words: Words = ()
    null_words: Words = ()
    pattern: str | None = None
    normalise: Literal["none", "salesforce_id", "strip_zeros", "upper", "last_segment"] = "none"
    split: str | None = None
    optional: bool = False
    on_error: Literal["quarantine", "empty"] = "quarantine"

    @model_validator(mode="after")
    def _sound(self) -> "Column":
        ways = [self.source, self.join, self.const is not None, self.expression]
        if sum(bool(way) for way in ways) != 1:
            raise ValueError("say exactly one of from, join, const, expression")
        if self.tax == "included" and self.tax_rate is None:
            raise ValueError("tax: included needs tax_rate, a number such as 0.13 or the header that holds the rate")
        if self.pattern and re.compile(self.pattern).groups != 1:
            raise ValueError(f"pattern {self.pattern!r} needs exactly one group around what is kept")
        return self


def _column(value: Any) -> Any:
    return {"from": value} if isinstance(value, str | list | int) else value


class ObjectContract(Declared):
    """One kind of file of one system and the canonical object it becomes."""

    object: str
    name: str = ""
    files: Words = Field(min_length=1)
    exported_at: ExportedAt
    extract: str = "full"
    parts: Literal["single", "many"] = "single"
    reader: Reader = Reader()
    key: Words = Field(min_length=1)
    on_duplicate_key: str = "quarantine"
    key_namespace: Annotated[
        tuple[KeyNamespace, ...], BeforeValidator(lambda value: value if isinstance(value, list | tuple) else [value])
    ] = ()
    pii: dict[str, Literal["hash", "drop"]] = Field(default_factory=dict)
    columns: dict[str, Annotated[Column, BeforeValidator(_column)]] = Field(min_length=1)
    ignore: Words = ()
    corrections: tuple[Correction, ...] = ()
    checks: tuple[Check, ...] = ()
    where: str | None = None
    number_format: NumberFormat | None = None
    null_words: Words = ()
    sample: Sample | None = None

    @property
    def has_key(self) -> bool:
        """False for lines without a natural key: their id is export set and record."""
        return self.key != ("none",)

    @property
    def kind(self) -> str:
        """The extract without its column: full, incremental or window."""
        return self.extract.partition("(")[0]

    @property
    def window_column(self) -> str | None:
        """The date column a window extract covers."""
        return self.extract[len("window(") : -1] if self.kind == "window" else None

    @property
    def latest_column(self) -> str | None:
        """The column that decides which of several rows with one key stays."""
        found = re.fullmatch(r"latest\((\w+)\)", self.on_duplicate_key)
        return found.group(1) if found else None

    @model_validator(mode="after")
    def _sound(self) -> "ObjectContract":
        canonical = canonical_objects()
        if self.object not in canonical:
            raise ValueError(f"object {self.object!r} is not canonical; known: {', '.join(canonical)}")
        columns = canonical[self.object].columns
        for place, names in self._canonical_names().items():
            if unknown := [name for name in names if name not in columns]:
                raise ValueError(f"{place}: {unknown[0]!r} is no column of {self.object}; known: {', '.join(columns)}")
        for name, column in self.columns.items():
            if column.scale == "percent" and columns[name].type != "share":
                raise ValueError(f"columns: {name} is a {columns[name].type}; scale: percent is for shares")
        self._refuse_paths()
        self._check_words(columns)
        return self

    def _canonical_names(self) -> dict[str, list[str]]:
        return {
            "columns": list(self.columns),
            "corrections": [name for correction in self.corrections for name in correction.set],
            "extract": [self.window_column] if self.window_column else [],
            "on_duplicate_key": [self.latest_column] if self.latest_column else [],
        }

    def _refuse_paths(self) -> None:
        for pattern in self.files:
            if pattern.startswith(("/", "~")) or ".." in Path(pattern).parts:
                raise ValueError(f"files: {pattern!r} must stay below the inbox")

    def _check_words(self, columns: dict[str, CanonicalColumn]) -> None:
        if not re.fullmatch(r"full|incremental|window\(\w+\)", self.extract):
            raise ValueError(f"extract: {self.extract!r} is none of full, incremental, window(<date column>)")
        if self.window_column and columns[self.window_column].type not in ("date", "timestamp"):
            raise ValueError(f"extract: window({self.window_column}) needs a date column")
        if self.on_duplicate_key != "quarantine" and not self.latest_column:
            raise ValueError("on_duplicate_key: say quarantine or latest(<column>)")
        if self.extract == "incremental" and not self.has_key:
            raise ValueError(
                "an incremental extract needs a key, because late rows are merged on it; "
                "say `extract: window(<date column>)` for lines without one"
            )


class SourceContract(Declared):
    """One source system: its rules and the files it sends."""

    system: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    timezone: str | None = None
    priority: int = 100
    cadence_days: int = Field(default=7, ge=1)
    required: bool = False
    recognise: Literal["invoice", "order"] | None = None
    number_format: NumberFormat = NumberFormat()
    null_words: Words = ()
    objects: Annotated[tuple[ObjectContract, ...], BeforeValidator(lambda items: _named(items))] = Field(min_length=1)

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

    def contract_hash(self, item: ObjectContract, timezone: str, words: str = "") -> str:
        """Changes exactly when the same bytes could become other rows, so that its files are read again.

        words: a fingerprint of the vocabularies the object is mapped with.
        """
        meaning = item.model_dump(mode="json", exclude={"sample", "pii", "files"})
        shared = [self.system, timezone, self.number_format.model_dump(), self.null_words, words]
        return hashlib.sha256(json.dumps([meaning, shared], sort_keys=True, default=str).encode()).hexdigest()[:16]


def _named(items: Any) -> Any:
    """Give every object contract its default name, the object's."""
    if not isinstance(items, list):
        return items
    return [{**item, "name": item.get("name") or item.get("object", "")} for item in items if isinstance(item, dict)]


@cache
def canonical_objects() -> dict[str, CanonicalObject]:
    """Every canonical object by name, as declared in `objects/*.yml`."""
    found = {}
    for path in sorted(OBJECTS_FOLDER.glob("*.yml")):
        try:
            found[path.stem] = CanonicalObject(name=path.stem, **_yaml(path))
        except ValidationError as error:
            raise AlmanacError(_explained(path, error)) from error
    return found


def load_contract(path: Path) -> SourceContract:
    """The contract in one file, or a one-line error that names file, object and field."""
    values = _yaml(path)
    try:
        return SourceContract(**values)
    except ValidationError as error:
        raise AlmanacError(_explained(path, error, values)) from error


def load_contracts(folder: Path) -> dict[str, SourceContract]:
    """Every contract of a folder by system, in the order of the file names."""
    contracts: dict[str, SourceContract] = {}
    for path in sorted(folder.glob("*.yml")):
        contract = load_contract(path)
        if contract.system in contracts:
            raise AlmanacError(f"{path}: system {contract.system} is declared in another file of the folder as well")
        contracts[contract.system] = contract
    return contracts


class _WordLoader(yaml.SafeLoader):
    """YAML in which only true and false are booleans: `on:` is a key here, and `no` may be a country."""


_WordLoader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_WordLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), ["t", "f"])


def _yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_WordLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AlmanacError(f"{path}: not readable YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise AlmanacError(f"{path}: expected a mapping of keys, found {type(values).__name__}")
    return values


def _explained(path: Path, error: ValidationError, values: dict[str, Any] | None = None) -> str:
    """The first problem as one line: the file, the object's name where there is one, the field, what to do."""
    problem = error.errors()[0]
    places = [str(part) for part in problem["loc"]]
    if values and len(places) > 1 and places[0] == "objects" and places[1].isdigit():
        declared = values["objects"][int(places[1])]
        places[:2] = [f"object {declared.get('name') or declared.get('object') or places[1]}"]
    said = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"].removeprefix("Value error, ")
    return f"{path}: {': '.join(places)}: {said}".replace(": : ", ": ")
