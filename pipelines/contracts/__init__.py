"""What each source system sends and how it becomes canonical: frozen declarations, read from YAML.

A contract refuses nonsense when it is read, in a sentence that says what to write instead, and never when the
thousandth file arrives. Unknown keys are errors that name the file, the object and the field.
"""

from pipelines.contracts.canonical import SQL_TYPES, CanonicalColumn, CanonicalObject, canonical_objects
from pipelines.contracts.columns import Check, Column, Correction, NumberFormat
from pipelines.contracts.files import ExportedAt, Reader, Sample, Stated, Unpivot
from pipelines.contracts.objects import KeyNamespace, ObjectContract
from pipelines.contracts.systems import SourceContract, load_contract, load_contracts

__all__ = [
    "SQL_TYPES",
    "CanonicalColumn",
    "CanonicalObject",
    "Check",
    "Column",
    "Correction",
    "ExportedAt",
    "KeyNamespace",
    "NumberFormat",
    "ObjectContract",
    "Reader",
    "Sample",
    "SourceContract",
    "Stated",
    "Unpivot",
    "canonical_objects",
    "load_contract",
    "load_contracts",
]
