"""JSON Schema of every YAML file that a company writes, for editors and other programs.

A schema is drawn from what reads the file, so it knows every key. It refuses less than the product does: rules between
two keys, and between a file and another one, are told when the file is read.
"""

from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from expectations.suite import GATES
from forecasts.config import Config, Scenarios
from pipelines.contracts import CanonicalObject, SourceContract
from pipelines.home.company import Company
from pipelines.messages.config import Messages

DRAFT = "https://json-schema.org/draft/2020-12/schema"
# Kind of file to where a company has it.
PLACES = {
    "contract": "sources/*.yml",
    "company": "company.yml",
    "messages": "messages.yml",
    "forecasts": "forecasts.yml",
    "scenarios": "scenarios.yml",
    "suite": "expectations/<gate>/*.yml",
    "object": "pipelines/contracts/objects/*.yml",
}


def schema_of(kind: str) -> dict[str, Any]:
    """The schema of one kind of file, one of PLACES."""
    drawn: dict[str, Callable[[], dict[str, Any]]] = {
        "contract": SourceContract.model_json_schema,
        "company": Company.model_json_schema,
        "messages": Messages.model_json_schema,
        "forecasts": lambda: _strict(TypeAdapter(Config).json_schema()),
        "scenarios": lambda: _strict(TypeAdapter(Scenarios).json_schema()),
        "suite": _suite,
        "object": _object,
    }
    return {"$schema": DRAFT, **drawn[kind](), "title": f"almanac {kind}"}


def _object() -> dict[str, Any]:
    """An object is named by its file."""
    schema = CanonicalObject.model_json_schema()
    schema["required"].remove("name")
    return schema


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Unknown keys are errors wherever keys are named."""
    for part in (schema, *schema.get("$defs", {}).values()):
        if "properties" in part:
            part["additionalProperties"] = False
    return schema


def _suite() -> dict[str, Any]:
    """A suite: its rules take whatever arguments Great Expectations knows by their name."""
    rule = {
        "type": "object",
        "required": ["expectation", "severity", "because"],
        "properties": {
            "expectation": {"type": "string"},
            "severity": {"enum": ["critical", "warning"]},
            "because": {"type": "string", "description": "What a failure would mean, in a sentence."},
        },
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["table", "expectations"],
        "properties": {
            "gate": {"enum": list(GATES)},
            "about": {"type": "string"},
            "table": {"type": "string", "pattern": r"^\w+\.\S+$"},
            "key": {"type": "array", "items": {"type": "string"}},
            "expectations": {"type": "array", "items": rule},
        },
    }
