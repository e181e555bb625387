"""The words by which headers and titles state the unit of their amounts, and the unit that a text states."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

WORDS = Path(__file__).with_name("unit_words.yml")


@cache
def unit_words() -> dict[str, Any]:
    """The patterns of `unit_words.yml` by topic."""
    return dict(yaml.safe_load(WORDS.read_text(encoding="utf-8")))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def unit_of(text: str) -> float | None:
    """The factor of the largest unit that a header or title names: 10000 for 万元."""
    units = (entry["unit"] for entry in unit_words()["units"] if _compiled(entry["pattern"]).search(text))
    return next(units, None)


def stated_unit(titles: list[str]) -> tuple[float, str] | None:
    """The unit stated in a title above the table, and the words that state it; None where no title does."""
    for title in titles:
        match = _compiled(unit_words()["unit_titles"]).search(title)
        if match and (unit := unit_of(match.group())):
            return unit, match.group().strip()
    return None
