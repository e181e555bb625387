"""The made company of twenty systems: ten offices, each with a CRM and an ERP, their contracts and their exports.

An office's ERP has every second customer of the second half of its own CRM and of the first half of the next one's.
Ids count from the same number in every system, and names are drawn for all together.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from pipelines.bench.job_company import Company, names_of
from pipelines.home.settings import SHIPPED_SOURCES

OFFICES = 10
CUSTOMERS, DEALS, LINES = 1_000_000, 500_000, 5_000_000
EXPORTED = ("accounts", "opportunities", "reps", "invoice_lines")


@dataclass(frozen=True)
class Office(Company):
    """The tenth of the company that one office has. start: where its customers begin among all."""

    start: int = 0
    of_all: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)

    @cached_property
    def names(self) -> pl.DataFrame:
        """Those of the whole company."""
        return self.of_all

    @cached_property
    def in_crm(self) -> np.ndarray:
        """The office's own."""
        return self.start + np.arange(self.customers)

    @cached_property
    def in_erp(self) -> np.ndarray:
        """From the middle of its own to the middle of the next office's."""
        return (self.start + self.customers // 2 + np.arange(0, self.customers, 2)) % len(self.names)


@dataclass(frozen=True)
class Group:
    """The whole company: so many customers, deals and invoice lines, shared out among offices."""

    customers: int
    deals: int
    invoice_lines: int

    def write(self, inbox: Path) -> None:
        """Every export of every system."""
        for office in self.offices():
            office.write(inbox)

    def write_list(self, inbox: Path, day: date) -> None:
        """One more list of all deals of the first office."""
        next(self.offices()).write_list(inbox, day)

    def offices(self) -> Iterator[Office]:
        """One at a time, for each holds what it has drawn."""
        each, names = self.customers // OFFICES, names_of(self.customers // OFFICES * OFFICES, words=2)
        for number in range(OFFICES):
            yield Office(
                customers=each,
                deals=self.deals // OFFICES,
                invoice_lines=self.invoice_lines // OFFICES,
                crm=f"salesforce_{number + 1:02d}",
                erp=f"kingdee_{number + 1:02d}",
                first_rep=number * Company.reps,
                start=number * each,
                of_all=names,
            )


def write_contracts(folder: Path) -> None:
    """A contract for each system of each office, made from the shipped ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for shipped in ("salesforce", "kingdee"):
        contract = yaml.safe_load((SHIPPED_SOURCES / f"{shipped}.yml").read_text(encoding="utf-8"))
        for number in range(OFFICES):
            system = f"{shipped}_{number + 1:02d}"
            text = yaml.safe_dump(_renamed(contract, shipped, system, number), allow_unicode=True, sort_keys=False)
            (folder / f"{system}.yml").write_text(text, encoding="utf-8")


def _renamed(contract: dict[str, Any], shipped: str, system: str, number: int) -> dict[str, Any]:
    """Only what is exported, from a folder of its own, no key shared with another system, no sample."""
    objects = [
        {
            **{key: value for key, value in each.items() if key not in ("sample", "key_namespace")},
            "files": [file.replace(f"{shipped}/", f"{system}/") for file in each["files"]],
        }
        for each in contract["objects"]
        if each["object"] in EXPORTED
    ]
    priority = contract["priority"] + number
    return {**contract, "system": system, "title": system, "priority": priority, "objects": objects}
