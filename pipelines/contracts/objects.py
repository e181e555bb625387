"""One kind of file of one system and the canonical object it becomes."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from pipelines.contracts.canonical import CanonicalColumn, canonical_objects
from pipelines.contracts.columns import Check, Column, Correction, NumberFormat, column_declaration
from pipelines.contracts.declared import Declared, Scalar, Words
from pipelines.contracts.files import ExportedAt, Reader, Sample, Stated, Unpivot

POSITION = "_position"  # as a header: the position of a row within its document


class KeyNamespace(Declared):
    """A key space that systems share: the same key there is the same customer."""

    name: str
    column: str
    normalise: Literal["digits", "strip_zeros", "upper", "none"] = "none"
    pattern: str | None = None
    optional: bool = False


AnyColumn = Annotated[
    Column, BeforeValidator(column_declaration, json_schema_input_type=Column | str | int | list[Scalar])
]


class ObjectContract(Declared):
    """One kind of file of one system and the canonical object it becomes."""

    object: str
    name: str = ""
    files: Words = Field(min_length=1)
    exported_at: ExportedAt
    cadence_days: int | None = Field(default=None, ge=1)
    extract: str = "full"
    parts: Literal["single", "many"] = "single"
    reader: Reader = Reader()
    stated: dict[str, Stated] = Field(default_factory=dict)
    unpivot: Unpivot | None = None
    key: Words = Field(min_length=1)
    on_duplicate_key: str = "quarantine"
    key_namespace: Annotated[
        tuple[KeyNamespace, ...],
        BeforeValidator(
            lambda value: value if isinstance(value, list | tuple) else [value],
            json_schema_input_type=KeyNamespace | list[KeyNamespace],
        ),
    ] = ()
    pii: dict[str, Literal["hash", "drop"]] = Field(default_factory=dict)
    columns: dict[str, AnyColumn] = Field(min_length=1)
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
        self._check_unpivot()
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

    def _check_unpivot(self) -> None:
        asked = {word for column in self.columns.values() for word in (*column.source, *column.join, *column.quoted)}
        asked |= set(self.key)
        made = [self.unpivot.name, self.unpivot.value] if self.unpivot else []
        for header in [*made, *self.stated]:
            if header and header.casefold() not in {word.casefold() for word in asked}:
                raise ValueError(f"no column reads {header!r}: name it in the `from` of one")

    def _check_words(self, columns: dict[str, CanonicalColumn]) -> None:
        if not re.fullmatch(r"full|incremental|window\(\w+\)", self.extract):
            raise ValueError(f"extract: {self.extract!r} is none of full, incremental, window(<date column>)")
        if self.window_column and columns[self.window_column].type not in ("date", "timestamp"):
            raise ValueError(f"extract: window({self.window_column}) needs a date column")
        if self.on_duplicate_key != "quarantine" and not self.latest_column:
            raise ValueError("on_duplicate_key: say quarantine or latest(<column>)")
        if self.extract == "incremental" and any(POSITION in column.source for column in self.columns.values()):
            raise ValueError(f"{POSITION} needs a full or window extract: positions of a part of the rows name no line")
        if self.extract == "incremental" and not self.has_key:
            raise ValueError(
                "an incremental extract needs a key, because late rows are merged on it; "
                "say `extract: window(<date column>)` for lines without one"
            )
