"""What the values of one column look like, and how well that fits a canonical column: evidence beside the header."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from pipelines.contracts import CanonicalColumn
from pipelines.ingest.casting.cast_sql import FALSE, STANDARD_NULLS, TRUE
from pipelines.ingest.casting.code_lists import Vocabulary
from pipelines.ingest.proposals.header_patterns import compiled, countries, shapes

DATE = re.compile(
    r"^\d{4}[-/.年]\d{1,2}|^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|^\d{8}$|^\d{10}(\d{3})?$|^\d{1,2}\.?[- ]*[A-Za-zÀ-ÿ]{3}"
    r"|^[A-Za-z]{3,9}\.? \d{1,2}, \d{4}|^\d{4}年$|^0{4}-0{2}-0{2}$|^[2-6]\d{4}(\.\d+)?$"
)
NUMBER = re.compile(
    r"^'?[-+−(]?\s*(?:[A-Z]{3}|[$￥¥€£])?\s*[-+−]?\d[\d.,' \u00a0\u2009\u202f\u2019]*"
    r"(?:[万亿百千]+元?|%|元|[KkMmB]|(?i:mio\.?|mrd\.?|tsd\.?|million|thousand))?\s*(?:[A-Z]{3}|[€$£])?\)?-?$"
)
_DECIMAL = re.compile(r"^-?\d[\d,.]*[.,]\d+-?$")
ID = re.compile(r"^(?=.*\d)[\w{}.#/-]+$")
_CODE = re.compile(r"^(?=(?:.*\d){3})[A-Za-z0-9_{}-]+$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_PHONE = re.compile(r"^[+(]?\d[\d\s()/.x+-]{4,}$")
_SITE = re.compile(r"^(https?://)?[\w-]+(\.[\w-]+)+(/\S*)?$")
SAMPLE = 300
MASKED = 0.92  # the header alone speaks


@dataclass(frozen=True)
class Looks:
    """The filled cells of one column, words for nothing left out, and the rows that they stand in."""

    texts: tuple[str, ...]
    rows: frozenset[int] = frozenset()

    @classmethod
    def of(cls, values: pl.Series) -> "Looks":
        """The looks of the first cells of a text column."""
        cells = enumerate((text or "").strip() for text in values.head(SAMPLE).to_list())
        filled = {row: text for row, text in cells if text not in STANDARD_NULLS}
        return cls(tuple(filled.values()), frozenset(filled))

    def share(self, matches: Callable[[str], object]) -> float:
        """Share of the filled cells that match; 1 for a column without any."""
        return sum(bool(matches(text)) for text in self.texts) / len(self.texts) if self.texts else 1.0

    @cached_property
    def dates(self) -> float:
        """Share of cells that can be dates, serial numbers and seconds since 1970 included."""
        return self.share(DATE.match)

    @cached_property
    def numbers(self) -> float:
        """Share of cells that can be numbers."""
        return self.share(NUMBER.match)

    @cached_property
    def is_masked(self) -> bool:
        """Whether the values were replaced by digests before the file was given away: they tell nothing."""
        return bool(self.texts) and self.share(compiled(shapes()["masked"]).fullmatch) > 0.6

    @cached_property
    def distinct(self) -> float:
        """Number of different cells over the number of cells."""
        return len(set(self.texts)) / len(self.texts) if self.texts else 1.0


def fits(looks: Looks, name: str, column: CanonicalColumn, words: Mapping[str, Vocabulary]) -> float:
    """How far the values can be the column's, 0 to 1; 1 where the column is empty. words: the vocabularies by kind."""
    if not looks.texts:
        return 0.97
    if column.type in ("date", "timestamp"):
        return _mostly(looks.dates)
    if column.type == "boolean":
        return 1.0 if looks.share(lambda text: text.casefold() in (*TRUE, *FALSE)) > 0.7 else 0.66
    if column.type != "text":
        return _mostly(looks.numbers) * (0.6 if looks.share(_is_stamp) > 0.8 else 1)
    if looks.is_masked:
        return MASKED
    if column.map == "currencies" or name in ("currency", "base_currency"):
        code = words["currencies"].code
        return looks.share(lambda text: code(text.split("/")[0]))
    if column.map:
        known = looks.share(words[column.map].code)  # a company may have stages of its own, hardly a status
        return 0.75 + 0.25 * known if column.map == "stages" else 0.5 + 0.5 * known
    return _fits_text(looks, name)


def _mostly(share: float) -> float:
    """A few faulty cells are the file's, not the column's."""
    return 0.7 + 0.3 * share if share >= 0.5 else share


def _fits_text(looks: Looks, name: str) -> float:
    shapes = {"email": _EMAIL, "phone": _PHONE, "website": _SITE}
    if name in shapes:
        return looks.share(lambda text: shapes[name].match(re.split(r"[,;]", text)[0].strip()))
    if name.endswith("_id") and name != "tax_id":
        return 1.0 if looks.share(ID.match) >= 0.5 else 0.64
    if looks.share(_is_stamp) > 0.7:
        return 0.5
    if looks.share(lambda text: text.casefold() in ("true", "false")) > 0.8:
        return 0.4
    if name in ("country", "city"):
        known = looks.share(lambda text: text.casefold() in countries()) > 0.5
        return 1.0 if known == (name == "country") else 0.9
    if name.endswith("_name") or name in ("author", "approver", "requested_by"):
        if looks.share(lambda text: text.casefold() in (*TRUE, *FALSE)) > 0.8:
            return 0.4
        return 0.62 if looks.share(_CODE.match) > 0.8 else 1.0
    return 0.6 if looks.share(_DECIMAL.match) > 0.5 else 1.0


def _is_stamp(text: str) -> bool:
    """A written date, with its separators: no number looks like it."""
    return bool(re.match(r"^\d{4}[-/年]\d{1,2}[-/月]\d{1,2}|^\d{1,2}[/.]\d{1,2}[/.]\d{4}", text))
