"""Several files of one system proposed together, so that the ids of one name the references of the others."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.contracts import load_contract
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.ingest.landing.inbox import SIDECAR
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.contract_yaml import ContractDraft, to_yaml
from pipelines.ingest.proposals.preview import preview
from pipelines.ingest.proposals.propose import drafted, known_context, outcome_line, warning_of

# The column by which other objects refer to a record, where it is not called as its key.
REFERENCES = {"rep_id": "owner_id"}
UNKNOWN = "?"  # a word that is like none of the known ones


@dataclass(frozen=True)
class Together:
    """The contract of one system, what came of each file under it, and rows for the seeds of words.

    words: by seed, `word,source_system,canonical`.
    """

    system: str
    body: str
    outcomes: tuple[str, ...]
    words: dict[str, tuple[str, ...]]
    questions: int


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those of the folders named, by name. Raises AlmanacError where there is none."""
    files = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    files = [file for file in files if file.is_file() and not file.name.startswith((".", "~$"))]
    files = [file for file in files if not file.name.endswith(SIDECAR)]
    if not files:
        raise AlmanacError(f"{', '.join(map(str, paths))}: no file")
    return files


def propose_together(settings: Settings, paths: Sequence[Path], system: str, wanted: str | None = None) -> Together:
    """Propose all files, then once more with the keys that the first look found, and try each under the contract."""
    context = known_context(settings)
    drafts = [drafted(settings, context, path, system, wanted)[0] for path in paths]
    if len(drafts) > 1:
        context = replace(context, keys=_keys(drafts))
        drafts = [drafted(settings, context, path, system, wanted)[0] for path in paths]
    drafts = [replace(draft, system=drafts[0].system) for draft in _named(drafts)]
    body = to_yaml(*drafts)
    outcomes = tuple(_tried(settings, drafts, body))
    return Together(drafts[0].system, body, outcomes, _words(drafts), sum(len(draft.questions) for draft in drafts))


def _keys(drafts: Sequence[ContractDraft]) -> dict[str, frozenset[str]]:
    """The ids of the records of each object, by the column in which other objects refer to them."""
    keys: dict[str, frozenset[str]] = {}
    for draft in drafts:
        column = draft.canonical.key_column
        headers = draft.headers.get(column, [])
        if len(headers) == 1 and headers[0] in draft.frame.columns:
            sample = ColumnSample.of(draft.frame[headers[0]])
            if sample.is_unique:
                name = REFERENCES.get(column, column)
                keys[name] = keys.get(name, frozenset()) | sample.values
    return keys


def _named(drafts: Sequence[ContractDraft]) -> list[ContractDraft]:
    """Each draft with a name of its own where several files are of one object."""
    counts = Counter(draft.canonical.name for draft in drafts)
    names: Counter[str] = Counter()
    named = []
    for draft in drafts:
        if counts[draft.canonical.name] == 1:
            named.append(draft)
            continue
        stem = re.sub(r"[\W\d]+", "_", draft.path.stem.lower()).strip("_") or draft.canonical.name
        names[stem] += 1
        named.append(replace(draft, name=f"{stem}_{names[stem]}" if names[stem] > 1 else stem))
    return named


def _tried(settings: Settings, drafts: Sequence[ContractDraft], body: str) -> Iterator[str]:
    """A line per file: what would be loaded and refused of it under the contract."""
    with TemporaryDirectory() as folder:
        contract_file = Path(folder) / "proposed.yml"
        contract_file.write_text(body, encoding="utf-8")
        system = load_contract(contract_file)
        for draft in drafts:
            item = next(item for item in system.objects if item.name == (draft.name or draft.canonical.name))
            read = preview(settings, system, item, draft.path, is_sample=True)
            warning = warning_of(read.outcome)
            yield f"{draft.path.name} as {item.object}: {f'{warning} ' if warning else ''}{outcome_line(read)}"


def _words(drafts: Sequence[ContractDraft]) -> dict[str, tuple[str, ...]]:
    """Rows for the seeds of words: each word that no row maps, with the code it is most like, or a question mark."""
    rows: dict[str, dict[str, None]] = {}
    for draft in drafts:
        mapped = {name: column.map for name, column in draft.canonical.columns.items() if column.map}
        for name, headers in draft.headers.items():
            if name in mapped and headers[0] in draft.frame.columns:
                vocabulary = draft.context.vocabularies[mapped[name] or ""]
                for word in sorted(ColumnSample.of(draft.frame[headers[0]]).values):
                    if vocabulary.code(word) is None:
                        text = f'"{word}"' if "," in word else word
                        row = f"{text},{draft.system},{vocabulary.proposal(word) or UNKNOWN}"
                        rows.setdefault(vocabulary.seed, {})[row] = None
    return {seed: tuple(found) for seed, found in rows.items()}
