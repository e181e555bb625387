"""A block of a page: one question, the query on served tables that answers it, and how the answer is shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.report.served import Row, Served
from pipelines.report.words import Words

Drawer = Callable[[Sequence[Row], Words], str]
Needs = Mapping[str, tuple[str, ...]]  # served table to the columns that a query names


@dataclass(frozen=True)
class NativeChart:
    """A chart that a spreadsheet draws from the block's cells. kind: line, column or bar; others name columns."""

    kind: str
    across: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """One question of a page.

    key: title and note stand in the catalogue under `blocks.<key>`. needs: what the query reads; the block is left out
    and named where it is not there. query: all its figures, without any computed elsewhere. forms: column of the query
    to its form (see `words.FORMS`), in the order of the table. draw: the picture, from the same rows. subject: put into
    the title and the note as {subject}. shown: rows of a page's table at most; a workbook has all of them.
    chart: the picture of the workbook.
    is_news_when_empty: that there is no row is worth a place of its own, as of alerts.
    """

    key: str
    needs: Needs
    query: str
    forms: Mapping[str, str]
    draw: Drawer | None = None
    subject: Callable[[Words], str] | None = None
    shown: int = 40
    is_news_when_empty: bool = False
    chart: NativeChart | None = None

    @property
    def tables(self) -> list[str]:
        """The served tables that the figures come from."""
        return list(self.needs)

    def missing(self, served: Served) -> list[str]:
        """What of its needs is not there."""
        absent = (served.missing(table, columns) for table, columns in self.needs.items())
        return [one for one in absent if one]


@dataclass(frozen=True)
class Answer:
    """A block with its rows, or with the reason why it has none."""

    block: Block
    rows: list[Row]
    left_out: str = ""
