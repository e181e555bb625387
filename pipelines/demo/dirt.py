"""The named rates of dirt, read from dirt.yml. Rates live in that file and nowhere else."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import AlmanacError

SHIPPED = Path(__file__).with_name("dirt.yml")


@dataclass(frozen=True)
class Customers:
    """Shares of customers, or of their further records."""

    second_crm: float
    buyers: float
    twice_in_one_system: float
    changed_name: float
    without_shared_key: float
    erp_code_known: float
    subsidiaries: float
    subsidiaries_on_parent_domain: float
    strategic: float


@dataclass(frozen=True)
class Contacts:
    """Shares of contact persons, or of the customers they stand for."""

    known_again: float
    without_value: float
    free_mail: float
    of_the_parent: float
    from_outside: float


@dataclass(frozen=True)
class Deals:
    """Shares of deals."""

    in_two_systems: float
    shared_external_id: float
    entered_twice: float
    deleted: float
    without_closing_day: float
    contacts_with_roles: float
    activities_with_contact: float


@dataclass(frozen=True)
class Moves:
    """Shares of the moves of deals, or of lost or closed deals."""

    skipped: float
    backward: float
    same_day: float
    reopened: float
    period_end: float


@dataclass(frozen=True)
class Orders:
    """Shares of repeat orders and of invoice lines."""

    cancelled: float
    returns: float
    with_deal: float


@dataclass(frozen=True)
class Reps:
    """Shares of the reps; those who left are a number of persons."""

    typing_nothing: float
    by_gut: float
    left: int


@dataclass(frozen=True)
class Rows:
    """Counts of refused rows per file that carries them."""

    bad_dates: int
    bad_amounts: int
    missing_keys: int


@dataclass(frozen=True)
class Dirt:
    """Every rate of dirt of one sample company."""

    customers: Customers
    contacts: Contacts
    deals: Deals
    moves: Moves
    orders: Orders
    reps: Reps
    rows: Rows


def load_dirt(path: Path = SHIPPED) -> Dirt:
    """The rates of a dirt file; unknown and missing keys are refused with the file and the object."""
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    parts = {
        "customers": Customers,
        "contacts": Contacts,
        "deals": Deals,
        "moves": Moves,
        "orders": Orders,
        "reps": Reps,
        "rows": Rows,
    }
    if set(values) != set(parts):
        raise AlmanacError(f"{path}: expected the objects {', '.join(parts)}, found {', '.join(values)}")
    return Dirt(**{name: _part(path, name, kind, values[name]) for name, kind in parts.items()})


def _part(path: Path, name: str, kind: type, values: dict[str, Any]) -> Any:
    expected = {field.name for field in fields(kind)}
    if set(values) != expected:
        odd = ", ".join(sorted(set(values) ^ expected))
        raise AlmanacError(f"{path}: {name}: unknown or missing keys {odd}")
    return kind(**values)
