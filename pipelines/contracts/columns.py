"""How one canonical column is read from a file, and the rules about the rows it stands in."""

import re
from typing import Any, Literal

from pydantic import AliasChoices, Field, model_validator

from pipelines.contracts.declared import Declared, Word, Words


class NumberFormat(Declared):
    """How numbers are written: `1,234.50` is thousands "," and decimal "."; `1.234,50` the other way round.

    magnitudes: what letters behind a number mean, {K: 1000, M: 1000000}, in any case: M is a thousand to some.
    """

    thousands: str = ","
    decimal: Literal[".", ","] = "."
    magnitudes: dict[Word, int] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _differ(self) -> "NumberFormat":
        if self.thousands == self.decimal:
            raise ValueError("number_format: thousands and decimal must differ, or 1,234 could be two numbers")
        if odd := [
            word for word, size in self.magnitudes.items() if not re.fullmatch(r"[^\W\d_]+\.?", word) or size < 1
        ]:
            raise ValueError(f"number_format: magnitudes: {odd[0]!r} is no word with a whole number, such as K: 1000")
        return self


class Column(Declared):
    """Where one canonical column comes from: exactly one of from, join, const, expression.

    `from` beside `join`: the parts are joined where the file has none of the headers.
    """

    source: Words = Field(default=(), validation_alias=AliasChoices("from", "source"))
    join: Words = ()
    separator: str = " "
    const: Word | None = None
    expression: str | None = None
    unit: float = 1
    tax: Literal["excluded", "included"] = "excluded"
    tax_rate: float | str | None = None
    scale: Literal["fraction", "percent"] = "fraction"
    formats: Words = ()
    timezone: str | None = None
    day_of: Literal["company", "source"] = "company"
    number_format: NumberFormat | None = None
    true_words: Words = ()
    false_words: Words = ()
    null_words: Words = ()
    pattern: str | None = None
    normalise: Literal["none", "salesforce_id", "strip_zeros", "upper", "last_segment"] = "none"
    split: str | None = None
    optional: bool = False
    on_error: Literal["quarantine", "empty"] = "quarantine"

    @property
    def quoted(self) -> tuple[str, ...]:
        """The names in double quotes in the expression: headers of the file, or canonical columns."""
        names = re.findall(r'"((?:[^"]|"")+)"', re.sub(r"'(?:[^']|'')*'", "", self.expression or ""))
        return tuple(dict.fromkeys(name.replace('""', '"') for name in names))

    @model_validator(mode="after")
    def _sound(self) -> "Column":
        ways = [self.source or self.join, self.const is not None, self.expression]
        if sum(bool(way) for way in ways) != 1:
            raise ValueError("say exactly one of from, join, const, expression")
        if self.tax == "included" and self.tax_rate is None:
            raise ValueError("tax: included needs tax_rate, a number such as 0.13 or the header that holds the rate")
        if self.pattern and re.compile(self.pattern).groups != 1:
            raise ValueError(f"pattern {self.pattern!r} needs exactly one group around what is kept")
        return self


def column_declaration(value: Any) -> Any:
    """The short form of a column, its header alone, as the long one."""
    return {"from": value} if isinstance(value, str | list | int) else value


class Correction(Declared):
    """A known fault that is repaired and logged instead of refused. SQL over canonical columns."""

    name: str
    set: dict[str, str] = Field(min_length=1)
    when: str
    because: str


class Check(Declared):
    """A row for which `expect` is false is quarantined under the check's name. SQL over canonical columns."""

    name: str
    expect: str
    because: str
