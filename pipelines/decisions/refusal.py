"""Why one cell of a review workbook cannot be followed."""

from dataclasses import dataclass


@dataclass
class CellRefusedError(Exception):
    """Why one cell cannot be followed. column: empty where the whole file cannot."""

    column: str
    message: str
