"""How much of each hand-written contract `almanac sources new` finds by itself: `python tests/proposal_score.py`.

`python tests/proposal_score.py FOLDER` does the same for the public data sets below FOLDER, whose contracts are in
`tests/real_sources` and whose columns the alias files were not written for.

Every sample is proposed for as if its system's contract did not exist: only the words of the alias files, the contracts
of other systems and the values speak. A column of the file matches when it feeds the canonical column that the
contract feeds with it, or, where the contract leaves it out, none.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts import ObjectContract, SourceContract, load_contracts
from pipelines.home.settings import SHIPPED_SOURCES, load_settings
from pipelines.ingest.casting.unpivot import headings
from pipelines.ingest.formats.source import SHEET
from pipelines.ingest.proposals.mapping import ProposalContext
from pipelines.ingest.proposals.preview import read_table
from pipelines.ingest.proposals.propose import interpret


@dataclass(frozen=True)
class Score:
    """One sample: columns of the file, those the contract feeds from, and how many of either match."""

    contract: str
    object_found: bool
    columns: int
    matching: int
    mapped: int
    mapped_matching: int


def scores(folder: Path, systems: Iterable[SourceContract], others: Iterable[SourceContract] = ()) -> Iterator[Score]:
    """The score of every sample once; a file that several contracts read counts for the first.

    others: contracts whose headers are known besides those of the other systems scored.
    """
    systems, done = list(systems), set()
    words = ProposalContext.of(load_settings()).vocabularies
    for system in systems:
        known = tuple(item for item in [*systems, *others] if item.system != system.system)
        for contract in system.objects:
            if contract.sample and contract.sample.file not in done:
                done.add(contract.sample.file)
                yield _score(folder / contract.sample.file, system, contract, ProposalContext(words, known))


def _score(path: Path, system: SourceContract, contract: ObjectContract, context: ProposalContext) -> Score:
    frame, about = read_table(path, contract)
    frame = frame.head(2000).drop(SHEET, strict=False)  # no header of the file
    stem = path.stem.removeprefix(f"{system.system}_")
    object_name, guesses, wide = interpret(frame, context, None, stem, about["titles"])
    if object_name != contract.object:
        _, guesses, wide = interpret(frame, context, contract.object, stem, about["titles"])
    proposed = {guess.header: guess.column for guess in guesses}
    if wide:  # a column of a period feeds what the measure is
        proposed |= {header: proposed.get(measure, "") for header, (_, measure) in wide.headers.items()}
    by_hand = _by_hand(contract, frame.columns)
    matching = [header for header in frame.columns if _is_matching(proposed.get(header), by_hand.get(header))]
    return Score(
        f"{system.system}/{contract.name}",
        object_name == contract.object,
        len(frame.columns),
        len(matching),
        len(by_hand),
        sum(header in by_hand for header in matching),
    )


def _is_matching(proposed: str | None, by_hand: set[str] | None) -> bool:
    return proposed in by_hand if by_hand else proposed is None


def _by_hand(contract: ObjectContract, headers: list[str]) -> dict[str, set[str]]:
    """Header to the canonical columns that the contract feeds from it: its first alias present, all parts of a join."""
    fed: dict[str, set[str]] = {}
    for name, column in contract.columns.items():
        first = [header for header in column.source if header in headers][:1]
        parts = [] if first else [part for part in column.join if part in headers]
        for header in [*first, *parts]:
            fed.setdefault(header, set()).add(name)
    if contract.unpivot:
        for heading in headings(contract.unpivot, headers):
            for value, header in heading.cells.items():
                fed[header] = {name for name, column in contract.columns.items() if value in column.source}
    return fed


def held_out(datasets: Path, configs: Path) -> Iterator[Score]:
    """The score of the first file of every contract of the public data sets; the shipped contracts are known."""
    context = ProposalContext(
        ProposalContext.of(load_settings()).vocabularies, tuple(load_contracts(SHIPPED_SOURCES).values())
    )
    for config in sorted(configs.glob("*/sources")):
        for system in load_contracts(config).values():
            for contract in system.objects:
                paths = (path for glob in contract.files for path in sorted((datasets / config.parent.name).glob(glob)))
                yield _score(next(paths), system, contract, context)


def table(rows: list[Score]) -> Iterator[str]:
    """One line of Markdown per system: its samples, matching columns, and every contract with others."""
    for system in dict.fromkeys(row.contract.partition("/")[0] for row in rows):
        own = [row for row in rows if row.contract.startswith(f"{system}/")]
        short = [
            f"{row.contract.partition('/')[2]} {row.matching}/{row.columns}"
            for row in own
            if row.matching < row.columns
        ]
        yield f"| `{system}` | {len(own)} | {_total(own)} | {', '.join(short) or 'all'} |"
    yield f"| all | {len(rows)} | {_total(rows)} | |"


def _total(rows: list[Score]) -> str:
    matching, columns, mapped_matching, mapped = (
        sum(getattr(row, name) for row in rows) for name in ("matching", "columns", "mapped_matching", "mapped")
    )
    return f"{matching} of {columns} | {mapped_matching} of {mapped}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print("\n".join(table(list(held_out(Path(sys.argv[1]), Path(__file__).parent / "real_sources")))))
    else:
        print("\n".join(table(list(scores(SHIPPED_SOURCES, load_contracts(SHIPPED_SOURCES).values())))))
