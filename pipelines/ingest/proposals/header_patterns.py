"""The patterns of `header_shapes.yml`: what systems put around names, and what periods, units and ids look like."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SHAPES = Path(__file__).with_name("header_patterns.yml")


@cache
def shapes() -> dict[str, Any]:
    """The file's contents, one entry per topic."""
    return dict(yaml.safe_load(SHAPES.read_text(encoding="utf-8")))


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern that ignores case."""
    return re.compile(pattern, re.IGNORECASE)


def unit_of(text: str) -> float | None:
    """The factor of the largest unit that a header or title names: 10000 for 万元."""
    found = (entry["unit"] for entry in shapes()["units"] if compiled(entry["pattern"]).search(text))
    return next(found, None)


def stated_unit(titles: list[str]) -> tuple[float, str] | None:
    """The unit that stands above the table and the words that say it; none where no title speaks of units."""
    for title in titles:
        said = compiled(shapes()["unit_titles"]).search(title)
        if said and (unit := unit_of(said.group())):
            return unit, said.group().strip()
    return None


@cache
def countries() -> frozenset[str]:
    """Names and codes of countries, folded."""
    return frozenset(str(name).casefold() for name in shapes()["countries"])
