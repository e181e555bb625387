"""What `almanac sources new` finds in public exports without a contract: `python tests/proposal_unseen.py [held]`.

The header lists and what each header means stand in `tests/exports/unseen.yml`, with the values that are invented for
them. A proposal was tuned on the lists under `tune`; those under `held` were opened once, afterwards.
"""

import csv
import hashlib
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from pipelines.contracts import canonical_objects, load_contracts
from pipelines.home.settings import SHIPPED_SOURCES, load_settings
from pipelines.ingest.proposals.mapping import ProposalContext
from pipelines.ingest.proposals.preview import read_table
from pipelines.ingest.proposals.propose import interpret, is_open, settled

SETS = Path(__file__).with_name("exports") / "unseen.yml"
DOCUMENTS = 120
DECIMALS = ("money", "calc", "per")  # values that a file with decimal commas writes so
# Systems of some of the lists, whose contracts were written afterwards: a proposal does without them.
OF_THE_LISTS = {
    *("shopify", "woocommerce", "odoo", "xero", "stripe", "freshsales", "quickbooks", "boards", "business_central"),
    *("yonyou_nc", "oracle_ebs"),
}
WORDS = "amber basin cedar delta ember fjord grove harbor inlet juniper kestrel larch meadow north ocean".split()  # noqa: SIM905
FIRST = "Ada Ben Carla Dev Elif Finn Gita Hugo Ines Jan".split()  # noqa: SIM905
LAST = "Ross Ott Silva Rao Kaya Berg Nair Lang".split()  # noqa: SIM905
CITIES = ["Bergen", "Lyon", "Porto", "Gdansk", "Leeds", "Austin", "Kyoto", "Pune"]
COUNTRIES = ["Norway", "France", "Portugal", "Poland", "Germany", "Japan", "India", "Spain"]


@dataclass
class Score:
    """One file. found: headers that feed what they mean, of `columns` that mean something; wrong: those that feed
    another column; asked: questions that the proposal leaves to a person."""

    file: str
    object_found: bool
    columns: int = 0
    found: int = 0
    wrong: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


class _Values:
    """Invented values of one file, by the kinds that unseen.yml names."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self.row = self.document = self.line = 0
        self.day = datetime(2025, 3, 1)
        self.cells: dict[str, Any] = {}
        self.of_document: dict[str, str] = {}

    def of(self, header: str, kind: str) -> str:
        name, _, rest = kind.partition(" ")
        is_first_only = (name.startswith("f") and name[1:2] == "d") or name == "fpick"
        name = name.removeprefix("f") if is_first_only else name
        per_document = name.startswith("d") and name not in ("doc", "date", "days")
        name = name.removeprefix("d") if per_document else name
        known = self.of_document.get(header) if per_document else None
        text = self._made(name, rest) if known is None else known
        if per_document:
            self.of_document[header] = text
        key = header.strip("*~").replace(" ", "_").replace(".", "")
        self.cells[key] = float(text) if text.lstrip("-").replace(".", "", 1).isdigit() else text
        text = text.replace(".", self.decimal) if name in DECIMALS else text
        return "" if is_first_only and self.line > 1 else text

    def _made(self, name: str, rest: str) -> str:
        pick, number = self.random.choice, self.random.randint
        if name in ("seq", "doc"):
            return rest % (self.row if name == "seq" else self.document)
        if name in ("line", "line0", "linez"):
            return str(self.line - 1 if name == "linez" else self.line * (10000 if name == "line0" else 1))
        if name in ("date", "days"):
            self.day = self.day + timedelta(days=int(rest), hours=1) if name == "days" else self._day()
            self.form = self.form if name == "days" else rest
            return self.day.strftime(self.form)
        if name == "int":
            return str(number(*map(int, rest.split())))
        if name == "money":
            low, high = map(int, rest.split())
            return f"{number(low * 100, high * 100) / 100:.2f}"
        if name == "per":
            of, low, high = rest.split()
            return f"{random.Random(str(self.cells[of])).randint(int(low) * 100, int(high) * 100) / 100:.2f}"
        if name == "calc":
            return f"{eval(rest, {'round': round}, self.cells):.4f}".rstrip("0").rstrip(".")  # our own file
        if name == "ref":
            form, _, count = rest.rpartition(" ")
            return form % number(1, int(count))
        if name in ("hex", "refhex", "uuid", "refword"):
            seed = str(number(1, int(rest))) if rest else f"{self.row} {self.document if self.per_document else ''}"
            digest = hashlib.md5(seed.encode(), usedforsecurity=False).hexdigest()
            if name == "refword":
                return "".join(chr(65 + int(letter, 16)) for letter in digest[:5])
            return (
                f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"
                if name == "uuid"
                else digest
            )
        if name == "pick":
            return pick(rest.split("|"))
        return {
            "company": f"{pick(WORDS).title()} {pick(WORDS).title()} Ltd", "person": f"{pick(FIRST)} {pick(LAST)}",
            "first": pick(FIRST), "last": pick(LAST), "city": pick(CITIES), "country": pick(COUNTRIES),
            "street": f"{number(1, 99)} {pick(WORDS).title()} Road", "text": " ".join(self.random.sample(WORDS, 3)),
            "phone": f"+47 55 {number(10, 99)} {number(10, 99)} {number(10, 99)}",
            "email": f"{pick(FIRST).lower()}.{pick(LAST).lower()}@example.com",
        }[name]  # fmt: skip

    per_document = False
    decimal = "."
    form = "%Y-%m-%d"

    def _day(self) -> datetime:
        return datetime(2025, 1, 1) + timedelta(days=self.random.randint(0, 700), seconds=self.random.randint(0, 86399))


def rows_of(export: dict[str, Any]) -> Iterator[list[str]]:
    """The header and the invented rows of one export: documents of one to four lines, or single rows."""
    columns = export["columns"]
    yield [header for header, _ in written(export)]
    values = _Values(export["file"])
    values.decimal = export.get("decimal", ".")
    has_lines = any(kind.split()[0] in ("doc", "line", "line0", "dhex") for _, _, kind in columns)
    for document in range(1, DOCUMENTS + 1):
        values.document, values.of_document = document, {}
        for line in range(1, (values.random.randint(1, 4) if has_lines else 1) + 1):
            values.line, values.row = line, values.row + 1
            made = [(header, values.of(header, kind)) for header, _, kind in columns]
            yield [text for header, text in made if not header.startswith("~")]


def written(export: dict[str, Any]) -> list[tuple[str, str]]:
    """The headers of an export and what each means, without values that only others are made of (`~price`)."""
    return [(header, meaning) for header, meaning, _ in export["columns"] if not header.startswith("~")]


def scores(part: str) -> Iterator[Score]:
    """The score of every export of one part of the sets, the shipped contracts of other systems known."""
    systems = load_contracts(SHIPPED_SOURCES)
    contracts = tuple(system for name, system in systems.items() if name not in OF_THE_LISTS)
    context = ProposalContext.of(load_settings(), contracts)
    with TemporaryDirectory() as folder:
        for export in yaml.safe_load(SETS.read_text(encoding="utf-8"))[part]:
            path = Path(folder) / export["file"]
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(rows_of(export))
            yield _score(path, export, context)


def _score(path: Path, export: dict[str, Any], context: ProposalContext) -> Score:
    frame, about = read_table(path)
    name, guesses, _ = interpret(frame, context, None, path.stem, about["titles"])
    score = Score(path.name, name in (export["object"], export.get("also")))
    if is_open(frame, guesses, name, path.stem):
        wanted = [meaning for _, meaning in written(export) if "-" not in meaning.split("|")]
        return Score(path.name, False, len(wanted), asked=["what is a row?"], missed=wanted)
    guesses, questions = settled(guesses, canonical_objects()[name])
    score.asked = [f"{guess.header} -> {guess.column} ({guess.confidence:.2f})" for guess in questions]
    proposed = {guess.header: guess for guess in guesses}
    for (header, meaning), read in zip(written(export), frame.columns, strict=True):
        wanted, guess = set(meaning.split("|")), proposed.get(read)
        if meaning != "-" and "-" not in wanted:
            score.columns += 1
            score.found += guess is not None and guess.column in wanted
            if guess is None:
                score.missed.append(f"{header} ({meaning})")
        if guess is not None and guess.column not in wanted:
            score.wrong.append(f"{header} -> {guess.column} ({meaning}, {guess.confidence:.2f})")
    if not score.object_found:
        score.wrong.insert(0, f"object {name}")
    return score


def summary(part: str, found: list[Score]) -> str:
    """One line of figures."""
    columns, right = sum(score.columns for score in found), sum(score.found for score in found)
    wrong, asked = sum(len(score.wrong) for score in found), sum(len(score.asked) for score in found)
    return (
        f"{part}: {right} of {columns} columns ({right / columns:.0%}), {sum(s.object_found for s in found)} of "
        f"{len(found)} objects, {wrong} wrong, {asked} asked"
    )


if __name__ == "__main__":
    for part in sys.argv[1:] or ["tune"]:
        found = list(scores(part))
        for score in found:
            misses = f"wrong {score.wrong} asked {score.asked} missed {score.missed}"
            print(f"{score.file}: {score.found}/{score.columns} {misses}")
        print(summary(part, found))
