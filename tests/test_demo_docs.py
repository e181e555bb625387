"""The printed table of dirt says what the file says and what the default company shows."""

import dataclasses
import re
from pathlib import Path

import pytest

from pipelines.demo import AS_OF, SEED
from pipelines.demo.dirt import load_dirt
from pipelines.demo.measures import measured
from pipelines.demo.world import build_world

pytestmark = pytest.mark.fast

PAGE = Path(__file__).resolve().parent.parent / "docs" / "sample_company.md"


def printed() -> dict[str, tuple[str, str]]:
    """Rule -> (rate, measured) as the page prints them."""
    table = re.search(r"<!-- dirt -->\n(.*?)<!-- /dirt -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert table is not None
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.group(1).splitlines()[2:]]
    return {row[0]: (row[1], row[2]) for row in rows}


def expected() -> dict[str, tuple[str, str]]:
    """The same from dirt.yml and from the records of the default company."""
    dirt = load_dirt()
    rates = {
        k: v
        for part in (dirt.customers, dirt.contacts, dirt.deals, dirt.moves, dirt.orders, dirt.reps)
        for k, v in dataclasses.asdict(part).items()
        if isinstance(v, float)  # the others are numbers of things
    }
    shares = measured(build_world(SEED, 600, 8, AS_OF, dirt))
    names = [*shares, *(name for name in rates if name not in shares)]
    return {name: (_percent(rates.get(name)), _percent(shares.get(name))) for name in names}


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def test_the_printed_rates_of_dirt_are_those_of_the_file_and_of_the_company() -> None:
    assert printed() == expected()
