"""A sample of one column's values, and a score of how well they fit a canonical column."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from pipelines.contracts import CanonicalColumn
from pipelines.ingest.casting.cast_sql import FALSE, STANDARD_NULLS, TRUE
from pipelines.ingest.casting.code_lists import Vocabulary
from pipelines.ingest.proposals.header_patterns import compiled, countries, patterns

DATE = re.compile(
    r"^\d{4}[-/.年]\d{1,2}|^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|^\d{8}$|^\d{10}(\d{3})?$|^\d{1,2}\.?[-/ ]*[A-Za-zÀ-ÿ]{3}"
    r"|^[A-Za-z]{3,9}\.? \d{1,2}, \d{4}|^[A-Za-z]{3}-\d{1,2}-\d{2,4}$|^\d{4}年$|^0{4}-0{2}-0{2}$|^[2-6]\d{4}(\.\d+)?$"
)
NUMBER = re.compile(
    r"^'?[-+−(]?\s*(?:[A-Z]{3}|[$￥¥€£])?\s*[-+−]?\d[\d.,' \u00a0\u2009\u202f\u2019]*"
    r"(?:[万亿百千]+元?|%|元|[KkMmB]|(?i:mio\.?|mrd\.?|tsd\.?|million|thousand))?\s*(?:[A-Z]{3}|[€$£])?\)?-?$"
)
_DECIMAL = re.compile(r"^-?\d[\d,.]*[.,]\d+-?$")
_CENTS = re.compile(r"^-?\d[\d,.]*[.,](?=\d*[1-9])\d{1,4}$")
ID = re.compile(r"^(?=.*\d)[\w{}.#/-]+(?: - ?[\w-]+)?$|^\d[.,]\d+[eE]\+\d+$|^[a-z]{1,3}:\d+$")
_CODE = re.compile(r"^(?=(?:.*\d){3})[A-Za-z0-9_{}-]+$")
_LETTER_CODE = re.compile(r"^[A-Z0-9][A-Z0-9_.-]{1,11}$")  # ALFKI
_POSITION = re.compile(r"^\d{1,6}(?:\.0+)?$")
_PLAIN_NUMBER = re.compile(r"^-?\d+(?:[.,]\d+)?$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_PHONE = re.compile(r"^[+(]?\d[\d\s()/.x+-]{4,}$|^\d[.,]\d+[eE]\+\d+$")  # or what a spreadsheet made of one
_SITE = re.compile(r"^(https?://)?[\w-]+(\.[\w-]+)+(/\S*)?$")
SAMPLE_CELLS = 300  # a share of 300 is known within six points, which no decision here turns on
MASKED_SCORE = 0.92  # the header is the only evidence


@dataclass(frozen=True)
class ColumnSample:
    """The filled cells of one column without null words, and the rows that they are in."""

    texts: tuple[str, ...]
    rows: frozenset[int] = frozenset()
    whole: pl.Series | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, values: pl.Series) -> "ColumnSample":
        """The sample of the first SAMPLE_CELLS cells of a text column."""
        cells = enumerate((text or "").strip() for text in values.head(SAMPLE_CELLS).to_list())
        filled = {row: text for row, text in cells if text not in STANDARD_NULLS}
        if len(values) <= SAMPLE_CELLS:
            return cls(tuple(filled.values()), frozenset(filled))
        return cls(tuple(filled.values()), frozenset(filled), values)

    def share(self, matches: Callable[[str], object]) -> float:
        """Share of the filled cells that match; 1 for a column without any."""
        return sum(bool(matches(text)) for text in self.texts) / len(self.texts) if self.texts else 1.0

    @cached_property
    def date_share(self) -> float:
        """Share of cells that can be dates, serial numbers and seconds since 1970 included."""
        return self.share(DATE.match)

    @cached_property
    def number_share(self) -> float:
        """Share of cells that can be numbers."""
        return self.share(NUMBER.match)

    @cached_property
    def is_masked(self) -> bool:
        """Whether the values were replaced by digests before the file was handed over."""
        return bool(self.texts) and self.share(compiled(patterns()["masked"]).fullmatch) > 0.6

    @cached_property
    def values(self) -> frozenset[str]:
        """The different texts of the whole column."""
        if self.whole is None:
            return frozenset(self.texts)
        cells = self.whole.str.strip_chars().unique().to_list()
        return frozenset(text for text in cells if text and text not in STANDARD_NULLS)

    @cached_property
    def distinct_share(self) -> float:
        """Number of different cells over the number of cells, of the whole column."""
        if self.whole is not None:
            filled = self.whole.str.strip_chars().replace("", None).drop_nulls()
            return filled.n_unique() / max(len(filled), 1)
        return len(set(self.texts)) / len(self.texts) if self.texts else 1.0

    @property
    def is_unique(self) -> bool:
        """Whether no two cells of the whole column are equal."""
        return bool(self.texts) and self.distinct_share == 1

    @cached_property
    def is_coded(self) -> bool:
        """Whether the cells can be numbers of records: with digits, without blanks, and no amounts."""
        return bool(self.texts) and self.share(ID.match) > 0.98 and not self.share(_DECIMAL.match) > 0.02

    @cached_property
    def is_email(self) -> bool:
        """Whether most cells are addresses of mail."""
        return len(self.texts) > 2 and self.share(_EMAIL.match) > 0.6


def fit_score(
    sample: ColumnSample, name: str, column: CanonicalColumn, vocabularies: Mapping[str, Vocabulary]
) -> float:
    """How well the values fit the column, 0 to 1; 0.97 where there are none. vocabularies: by kind."""
    if not sample.texts:
        return 0.97
    if column.type in ("date", "timestamp"):
        return _tolerant(sample.date_share)
    if column.type == "boolean":
        return 1.0 if sample.share(lambda text: text.casefold() in (*TRUE, *FALSE)) > 0.7 else 0.66
    if column.type != "text":
        return _tolerant(sample.number_share) * (0.6 if sample.share(_is_written_date) > 0.8 else 1)
    if sample.is_masked:
        return MASKED_SCORE
    if column.map == "currencies" or name in ("currency", "base_currency"):
        code = vocabularies["currencies"].code
        return sample.share(lambda text: code(text.split("/")[0]))
    if column.map:  # a company may have its own stages, rarely its own statuses
        mapped_share = sample.share(vocabularies[column.map].code)
        return 0.75 + 0.25 * mapped_share if column.map == "stages" else 0.5 + 0.5 * mapped_share
    return _text_fit_score(sample, name)


def _tolerant(share: float) -> float:
    """A share that forgives a few faulty cells."""
    return 0.7 + 0.3 * share if share >= 0.5 else share


def _text_fit_score(sample: ColumnSample, name: str) -> float:
    patterns_by_column = {"email": _EMAIL, "phone": _PHONE, "website": _SITE}
    if name in patterns_by_column:
        return sample.share(lambda text: patterns_by_column[name].match(re.split(r"[,;]", text)[0].strip()))
    if name.endswith("_id") and name != "tax_id" and sample.share(_CENTS.match) > 0.5:
        return 0.4  # money; 17850.0 is an id that was a number for a while
    if name.endswith("_id") and name != "tax_id":
        return 1.0 if sample.share(ID.match) >= 0.5 or sample.share(_LETTER_CODE.match) > 0.9 else 0.64
    if sample.share(_is_written_date) > 0.7:
        return 0.5
    if sample.share(lambda text: text.casefold() in ("true", "false")) > 0.8:
        return 0.4
    if name == "line_number":
        return 1.0 if sample.share(_POSITION.match) > 0.6 else 0.5
    if name in ("country", "city"):
        are_countries = sample.share(lambda text: text.casefold() in countries()) > 0.5
        return 1.0 if are_countries == (name == "country") else 0.9
    if name.endswith("_name") or name in ("author", "approver", "requested_by"):
        if sample.share(lambda text: text.casefold() in (*TRUE, *FALSE)) > 0.8:
            return 0.4
        if sample.share(_PLAIN_NUMBER.match) > 0.8:
            return 0.5
        return 0.62 if sample.share(_CODE.match) > 0.8 else 1.0
    return 0.6 if sample.share(_DECIMAL.match) > 0.5 else 1.0


def _is_written_date(text: str) -> bool:
    """Whether the text is a date with separators, which no number has."""
    return bool(re.match(r"^\d{4}[-/年]\d{1,2}[-/月]\d{1,2}|^\d{1,2}[/.]\d{1,2}[/.]\d{4}", text))
