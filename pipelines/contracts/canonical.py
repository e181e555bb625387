"""The canonical objects: what one row of `raw.<object>` is, declared in `objects/*.yml`."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from pipelines.contracts.declared import Declared, explained, read_yaml
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


@cache
def canonical_objects() -> dict[str, CanonicalObject]:
    """Every canonical object by name, as declared in `objects/*.yml`."""
    objects = {}
    for path in sorted(OBJECTS_FOLDER.glob("*.yml")):
        try:
            objects[path.stem] = CanonicalObject(name=path.stem, **read_yaml(path))
        except ValidationError as error:
            raise AlmanacError(explained(path, error)) from error
    return objects
