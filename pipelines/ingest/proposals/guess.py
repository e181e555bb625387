"""A header's proposed column."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guess:
    """One header's proposed column and its confidence, 0 to 1. Two headers of one column are joined."""

    header: str
    column: str
    confidence: float
