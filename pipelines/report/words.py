"""What a page says in one language: the catalogue, and numbers, days and codes in that language's form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import AlmanacError
from pipelines.report.phrases import Phrasebook

CATALOGUES = Path(__file__).with_name("labels")
NOTHING = "–"
NEAR = 0.0005  # of none or all: a share that would read 0.0 or 100.0 percent


@dataclass(frozen=True)
class Words:
    """One language.

    catalogue: the YAML of `labels/<language>.yml`. names: more words for codes, by group, that tables bring along
    themselves, such as the stages' labels.
    """

    language: str
    catalogue: Mapping[str, Any]
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def say(self, path: str, **values: object) -> str:
        """The words at a path of the catalogue, `ui.table` for one, with {values} put in."""
        entry: Any = self.catalogue
        for step in path.split("."):
            if not isinstance(entry, Mapping) or step not in entry:
                raise AlmanacError(f"labels/{self.language}.yml has no {path}")
            entry = entry[step]
        return str(entry).format(**values) if values else str(entry)

    def term(self, group: str, code: object) -> str:
        """The word for a code; the code itself where no catalogue knows it, since tables may learn new ones."""
        known = {**self.catalogue["terms"].get(group, {}), **self.names.get(group, {})}
        return str(known.get(str(code), code))

    def said(self, text: str) -> str:
        """A sentence of a served table in this language, in English where the catalogue has no phrase for it."""
        return self._phrasebook.said(text)

    @cached_property
    def _phrasebook(self) -> Phrasebook:
        signs = (str(self.catalogue["ui"][sign]) for sign in ("comma", "semicolon"))
        return Phrasebook(self.catalogue.get("phrases", {}), self.term, *signs)

    def shown(self, value: object, form: str) -> str:
        """A value of a table as people read it. form: see `FORMS`; `term:<group>` for a code, `terms:` for several."""
        if value is None or value == "":
            return NOTHING
        kind, _, group = form.partition(":")
        if kind == "terms":
            return self.say("ui.comma").join(self.term(group, code) for code in str(value).split(", "))
        return self.term(group, value) if group else str(FORMS[form](self, value))

    def compact(self, value: object) -> str:
        """An amount in three figures and its magnitude: 3.24M, 324万."""
        number = float(str(value))
        for size, unit in self.catalogue["magnitudes"]:
            if abs(number) >= size:
                return f"{_three_figures(number / size)}{unit}"
        return f"{number:,.1f}".removesuffix(".0") if abs(number) < 10 else f"{number:,.0f}"

    def month(self, value: date) -> str:
        """A month by its first day."""
        name = self.catalogue["months"][value.month - 1]
        return str(self.catalogue["month_form"]).format(year=value.year, month=name)

    def short_month(self, value: date) -> str:
        """The same where space is scarce."""
        name = self.catalogue["months"][value.month - 1]
        return str(self.catalogue["short_month_form"]).format(short_year=f"{value.year % 100:02d}", month=name)


def load_words(language: str, names: Mapping[str, Mapping[str, str]] | None = None) -> Words:
    """The catalogue of one language."""
    content = yaml.safe_load((CATALOGUES / f"{language}.yml").read_text(encoding="utf-8"))
    return Words(language, content, names or {})


def languages() -> list[str]:
    """Every language that has a catalogue, English first."""
    found = sorted(path.stem for path in CATALOGUES.glob("*.yml"))
    return sorted(found, key=lambda language: (language != "en", language))


def _three_figures(number: float) -> str:
    """3.24, 32.4, 324, 3,240; a part of zeros alone is left out."""
    text = f"{number:,.{2 if abs(number) < 9.995 else 1 if abs(number) < 99.95 else 0}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _evidence(value: object) -> str:
    """An object in JSON as words; other text as it stands."""
    try:
        content = json.loads(str(value))
    except ValueError:
        return str(value)
    if not isinstance(content, dict):
        return str(value)
    return "; ".join(f"{name.replace('_', ' ')}: {_in_short(one)}" for name, one in content.items())


def _in_short(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) and abs(value) < 1000 else str(value)


def _figure(value: object, sign: str = "") -> str:
    """An amount or a count: a small one with its tenths, or a fifth less of two would look like two; 0 has no sign."""
    number = float(str(value))
    tenths = round(number, 1)
    digits = 1 if abs(tenths) < 100 and tenths % 1 else 0
    return f"{number:{sign},.{digits}f}" if tenths else "0"


def _share(share: float) -> str:
    """In percent with tenths; what is neither none nor all is never shown as 0 or 100."""
    if 0 < share < NEAR:
        return "< 0.1 %"
    return "> 99.9 %" if 1 - NEAR <= share < 1 else f"{100 * share:,.1f} %"


def _day(value: object) -> str:
    return value.date().isoformat() if isinstance(value, datetime) else str(value)


FORMS: dict[str, Any] = {
    "text": lambda words, value: value,
    "code": lambda words, value: value,  # a key that is not broken over lines
    "key": lambda words, value: value,  # keys one after the other, broken anywhere
    "source": lambda words, value: words.said(str(value)),  # a sentence of a table, which is in English
    "evidence": lambda words, value: words.said(_evidence(value)),
    "money": lambda words, value: f"{float(value):,.0f}",
    "compact": lambda words, value: words.compact(value),
    "signed": lambda words, value: _figure(value, "+"),
    "figure": lambda words, value: _figure(value),
    "count": lambda words, value: f"{float(value):,.0f}",
    "number": lambda words, value: f"{float(value):,.2f}",
    "share": lambda words, value: _share(float(value)),
    "points": lambda words, value: words.say("ui.points", value=f"{100 * float(value):+.1f}"),  # difference of shares
    "day": lambda words, value: _day(value),
    "month": lambda words, value: words.month(value),
    "yes": lambda words, value: words.say("ui.yes" if value else "ui.no"),
}
NUMERIC = {"money", "compact", "signed", "figure", "count", "number", "share", "points"}
