"""The contract that a file which none claims is nearest to, by its headers, and why it is not read under it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.contracts import ObjectContract, Reader, SourceContract, canonical_objects
from pipelines.ingest.formats.readers import read_source
from pipelines.ingest.formats.source import FileRefusedError, folded, scratch

HEAD_BYTES = 262_144  # of a text file: enough for its header
WHOLE_BYTES = 8_000_000  # of a workbook, which cannot be cut
TEXT = (".csv", ".txt", ".tsv")
FEWEST = 3  # headers in common: Name and Date are those of everything


@dataclass(frozen=True)
class Nearness:
    """How many headers of a file a contract reads, and which that it needs are missing."""

    contract: str
    globs: tuple[str, ...]
    known: int
    headers: int
    lacking: tuple[str, ...]

    def __str__(self) -> str:
        """One line: what fits, and why the file is not read."""
        fit = f"{self.contract} reads {self.known} of its {self.headers} headers"
        names = " or ".join(self.globs[:2])
        lacks = f"it lacks {', '.join(self.lacking)}" if self.lacking else f"its files are named {names}"
        return f"{fit}, but {lacks}"


def nearest_by_headers(path: Path, contracts: Mapping[str, SourceContract]) -> Nearness | None:
    """The contract that reads most of a file's headers and has what it needs; None where none reads three."""
    headers = headers_of(path)
    found = [_nearness(f"{name}/{item.name}", item, headers) for name, s in contracts.items() for item in s.objects]
    found = [near for near in found if near.known >= FEWEST]
    return max(found, key=lambda near: (not near.lacking, near.known), default=None)


def headers_of(path: Path) -> list[str]:
    """The headers of a file as it would be read without a contract; none where it is no table, or is too large."""
    with TemporaryDirectory() as folder, scratch(Path(folder) / "scratch") as (connection, unpack):
        try:
            if path.suffix.lower() in TEXT and path.stat().st_size > HEAD_BYTES:
                head = Path(folder) / path.name
                with path.open("rb") as file:
                    head.write_bytes(file.read(HEAD_BYTES).rpartition(b"\n")[0] + b"\n")
                path = head
            elif path.stat().st_size > WHOLE_BYTES:
                return []
            return list(read_source(connection, path, Reader(), unpack).headers)
        except (FileRefusedError, OSError, ValueError, RecursionError, MemoryError):  # it is only a hint
            return []


def fit(item: ObjectContract, headers: list[str]) -> tuple[bool, int]:
    """Whether the headers hold what the contract needs, and how many of them it reads: the larger the better."""
    near = _nearness("", item, headers)
    return not near.lacking, near.known


def _nearness(name: str, item: ObjectContract, headers: list[str]) -> Nearness:
    present = {folded(header) for header in headers}
    wanted = {column: [*said.source, *said.join] for column, said in item.columns.items()}
    read = {folded(word) for words in wanted.values() for word in words} & present
    required = [column for column, said in canonical_objects()[item.object].columns.items() if said.required]
    lacking = [
        (wanted.get(part) or [part])[0]
        for part in dict.fromkeys([*(item.key if item.has_key else ()), *required])
        if (wanted.get(part) or (part not in item.columns and part in item.key))
        and present.isdisjoint(map(folded, wanted.get(part) or [part]))
        and "_position" not in wanted.get(part, ())
    ]
    return Nearness(name, item.files, len(read), len(headers), tuple(lacking))
