"""The shapes of branch offices' exports, read from branch_shapes.yml, and the contract that each needs."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SHAPES = Path(__file__).with_name("branch_shapes.yml")
FIRST = 9  # the number of the first branch: the systems before it are no branches
CLOSED = {"en": ("Closed Won", "Closed Lost"), "zh": ("赢单", "输单")}  # the words of the two last stages
ACCOUNTS = (
    *("account_id", "account_name", "tax_id", "phone", "website", "industry", "address", "city", "country", "region"),
    *("owner_name", "created_on"),
)
DEALS = (
    *("opportunity_id", "opportunity_name", "account_id", "stage", "amount", "currency", "probability", "created_on"),
    *("expected_close_on", "owner_name", "region", "team", "product_id", "product_line", "channel", "external_id"),
)


@dataclass(frozen=True)
class Shape:
    """How one branch writes: see branch_shapes.yml."""

    files: tuple[str, str]
    accounts: tuple[str, ...]
    deals: tuple[str, ...]
    format: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    bom: bool = False
    quote_all: bool = False
    title: tuple[str, ...] = ()
    date: str = "%Y-%m-%d"
    number: tuple[str, str] = ("", ".")
    probability: str = "percent"
    stages: str = "en"
    ids: tuple[str, str] = ("", "")


@cache
def _shapes() -> tuple[Shape, ...]:
    listed: list[dict[str, Any]] = yaml.safe_load(SHAPES.read_text(encoding="utf-8"))
    return tuple(Shape(**{key: _tuple(value) for key, value in shape.items()}) for shape in listed)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def shape_of(name: str) -> Shape:
    """The shape of a branch, by its number; after the last the first comes again."""
    return _shapes()[(int(name.rpartition("_")[2]) - FIRST) % len(_shapes())]


def contract_of(name: str) -> dict[str, Any]:
    """The contract of a branch: its headers, formats and words."""
    shape = shape_of(name)
    won, lost = CLOSED[shape.stages]
    columns: dict[str, Any] = dict(zip(DEALS, shape.deals, strict=True))
    columns |= {column: _read(columns[column], column, shape) for column in columns}
    closed = f"case when stage_source in ('{won}', '{lost}') then expected_close_on end"
    columns["closed_on"] = {"expression": closed}
    accounts = {column: _read(h, column, shape) for column, h in zip(ACCOUNTS, shape.accounts, strict=True)}
    system: dict[str, Any] = {
        "system": name, "title": f"Branch CRM {name}", "timezone": "Asia/Shanghai", "priority": 60, "cadence_days": 31,
    }  # fmt: skip
    if shape.number != ("", "."):
        thousands = shape.number[0] or ("." if shape.number[1] == "," else ",")
        system["number_format"] = {"thousands": thousands, "decimal": shape.number[1]}
    system["objects"] = [
        _object(name, "accounts", shape, shape.files[0], "account_id", accounts),
        _object(name, "opportunities", shape, shape.files[1], "opportunity_id", columns),
    ]
    return system


def _object(name: str, kind: str, shape: Shape, file: str, key: str, columns: dict[str, Any]) -> dict[str, Any]:
    reader = {"delimiter": shape.delimiter} if shape.format == "csv" else {}
    return {
        "object": kind,
        "files": f"{name}/{file.replace('{day}', '*')}",
        "exported_at": {"filename": r"(\d{8})", "format": "%Y%m%d"},
        **({"reader": reader} if reader else {}),
        "key": [key],
        "columns": columns,
    }


def _read(header: str, column: str, shape: Shape) -> Any:
    """A column of the contract with the options that the shape needs."""
    if column.endswith("_on"):
        return {"from": header, "formats": [shape.date], "day_of": "source"}
    if column == "probability" and shape.probability != "share":
        return {"from": header, "scale": "percent"}
    if column in ("opportunity_id", "account_id") and any(shape.ids):
        return {"from": header, "pattern": r"\{?([^{}]+)\}?"}
    return header
