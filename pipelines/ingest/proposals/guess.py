"""A header's proposed column."""

from dataclasses import dataclass

SURE = 0.9  # proposed without a remark
CONFIDENT = 0.8  # proposed with its confidence; below it, a column is asked about
ASKED = 0.79  # what is only similar, or in doubt, gets at most


@dataclass(frozen=True)
class Guess:
    """One header's proposed column and its confidence, 0 to 1. Two headers of one column are joined."""

    header: str
    column: str
    confidence: float
