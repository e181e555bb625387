"""The patterns of `header_patterns.yml`: affixes that systems add to names, and formats of periods, units and ids."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.ingest.casting.unit_words import unit_words

PATTERNS = Path(__file__).with_name("header_patterns.yml")


@cache
def patterns() -> dict[str, Any]:
    """The file's contents by topic, and the words for units that reading knows as well."""
    return dict(yaml.safe_load(PATTERNS.read_text(encoding="utf-8"))) | unit_words()


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern that ignores case."""
    return re.compile(pattern, re.IGNORECASE)


@cache
def countries() -> frozenset[str]:
    """Names and codes of countries, folded."""
    return frozenset(str(name).casefold() for name in patterns()["countries"])
