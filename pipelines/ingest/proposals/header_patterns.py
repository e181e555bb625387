"""The patterns of `header_patterns.yml`: affixes that systems add to names, and formats of periods, units and ids."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PATTERNS = Path(__file__).with_name("header_patterns.yml")


@cache
def patterns() -> dict[str, Any]:
    """The file's contents by topic."""
    return dict(yaml.safe_load(PATTERNS.read_text(encoding="utf-8")))


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern that ignores case."""
    return re.compile(pattern, re.IGNORECASE)


def unit_of(text: str) -> float | None:
    """The factor of the largest unit that a header or title names: 10000 for 万元."""
    units = (entry["unit"] for entry in patterns()["units"] if compiled(entry["pattern"]).search(text))
    return next(units, None)


def stated_unit(titles: list[str]) -> tuple[float, str] | None:
    """The unit stated in a title above the table, and the words that state it; None where no title does."""
    for title in titles:
        match = compiled(patterns()["unit_titles"]).search(title)
        if match and (unit := unit_of(match.group())):
            return unit, match.group().strip()
    return None


@cache
def countries() -> frozenset[str]:
    """Names and codes of countries, folded."""
    return frozenset(str(name).casefold() for name in patterns()["countries"])
