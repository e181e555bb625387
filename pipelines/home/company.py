"""How the company counts: the keys of `company.yml`, checked when they are read."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError

from pipelines.contracts.declared import Declared, Word, checked_owner, explained, read_yaml
from pipelines.errors import AlmanacError

PublishedFor = Literal["owner", "group", "everyone"]
SHIPPED_COMPANY = Path(__file__).resolve().parent / "company.yml"


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone, such as Asia/Shanghai") from error
    return name


def _server(address: str) -> str:
    if not address:
        return address
    if not address.startswith(("postgres://", "postgresql://")):
        raise ValueError(f"{address.split(':')[0]}: is an address such as postgres://almanac@db.example.com/bi")
    parts = urlsplit(address)
    if parts.password or "password" in dict(parse_qsl(parts.query)):
        raise ValueError("holds a password: take it out, PGPASSWORD or .pgpass hold it")
    return address


class Company(Declared):
    """base_currency: ISO 4217. mass_deletion_share: 0 to 1. partitions_start: the first day a run may be for.

    published_for: who may read `published/`: the owner, the owner's group, or everyone on the machine.
    require_currency: amounts whose currency nobody states are refused; otherwise they are taken for base_currency with
    a warning. Homes of before 0.2 lack the key; 0.3 refuses whatever it says. publish: a PostgreSQL server that gets
    the served tables as well, without a password; empty for none. lake, lake_folder: the PostgreSQL catalogue of a
    DuckLake that gets them, and where its data lie; empty for none. owner: whom Dagster names as the owner of tables,
    and of exports whose contract names nobody. memory_limit: what DuckDB may hold in memory, such as 4GB, before it
    spills to the disk; empty for DuckDB's own rule, four fifths of the machine.
    """

    base_currency: str = Field(default="CNY", pattern="^[A-Z]{3}$")
    timezone: Annotated[str, AfterValidator(_time_zone)] = "Asia/Shanghai"
    fiscal_year_start_month: int = Field(default=1, ge=1, le=12)
    rate_carry_forward_days: int = Field(default=7, ge=0)
    mass_deletion_share: float = Field(default=0.3, ge=0, le=1)
    partitions_start: date = date(2010, 1, 1)
    require_currency: bool = False
    published_for: PublishedFor = "group"
    publish: Annotated[Word, AfterValidator(_server)] = ""
    lake: Annotated[Word, AfterValidator(_server)] = ""
    lake_folder: Word = ""
    memory_limit: Word = Field(default="", pattern=r"^(\d+(\.\d+)? ?[KMGT]i?B)?$")
    pii_key: Word = ""
    owner: Annotated[Word, AfterValidator(checked_owner)] = "team:data"


def load_company(path: Path) -> Company:
    """The company of one file, or a one-line error that names the file, the key and what it must be."""
    return check_company(read_yaml(path), path)


def check_company(values: Mapping[str, object], path: Path = SHIPPED_COMPANY) -> Company:
    """The company of these values, or a one-line error that names the file, the key and what it must be."""
    try:
        return Company.model_validate(values)
    except ValidationError as error:
        raise AlmanacError(explained(path, error)) from error
