"""What every declaration is: frozen, read from YAML, refusing what it does not know."""

import re
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from pipelines.errors import AlmanacError


def as_text(value: Any) -> Any:
    """YAML reads `yes` as True and `2014-01-28` as a date; in a contract they are words."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, str) else str(value)


def as_texts(value: Any) -> Any:
    """One word or a list of them as words."""
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(as_text(item) for item in items)


Scalar = str | int | float | bool | None  # what YAML reads of a word that nobody has quoted
Word = Annotated[str, BeforeValidator(as_text, json_schema_input_type=Scalar)]
Words = Annotated[tuple[str, ...], BeforeValidator(as_texts, json_schema_input_type=Scalar | list[Scalar])]


_OWNER = re.compile(r"team:[\w-]+|[^@\s]+@[^@\s]+\.[^@\s]+")


def checked_owner(name: str) -> str:
    """Whom to ask, in a form that Dagster takes; empty for nobody. Raises ValueError."""
    if name and not _OWNER.fullmatch(name):
        raise ValueError(f"owner {name!r} is team:NAME or an e-mail address")
    return name


class Declared(BaseModel):
    """Base of every declaration: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class _WordLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # C reads ten times faster
    """YAML in which only true and false are booleans: `on:` is a key here, and `no` may be a country."""


_WordLoader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_WordLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), ["t", "f"])


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in one file, or a one-line error."""
    return parsed_yaml(path, path.read_bytes())


def parsed_yaml(path: Path, content: bytes) -> dict[str, Any]:
    """The mapping in what a file holds, or a one-line error that names it."""
    try:
        values = yaml.load(content.decode("utf-8"), Loader=_WordLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AlmanacError(f"{path}: not readable YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise AlmanacError(f"{path}: expected a mapping of keys, found {type(values).__name__}")
    return values


def explained(path: Path, error: ValidationError, values: dict[str, Any] | None = None) -> str:
    """The first problem as one line: the file, the object's name where there is one, the field, what to do."""
    problem = error.errors()[0]
    places = [str(part) for part in problem["loc"]]
    if values and len(places) > 1 and places[0] == "objects" and places[1].isdigit():
        declared = values["objects"][int(places[1])]
        places[:2] = [f"object {declared.get('name') or declared.get('object') or places[1]}"]
    said = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"].removeprefix("Value error, ")
    return f"{path}: {': '.join(places)}: {said}".replace(": : ", ": ")
