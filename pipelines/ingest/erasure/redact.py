"""Searches the kept bytes of a text file for a person and blanks their records, one chunk at a time."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import zstandard

from pipelines.contracts import Reader
from pipelines.home import durable
from pipelines.home.settings import Settings
from pipelines.ingest.erasure.person import Person, normal
from pipelines.ingest.files import store
from pipelines.ingest.files.file_ledger import Row
from pipelines.ingest.formats.careful_parser import Dialect, Record, parse
from pipelines.ingest.formats.chunks import chunk_offsets
from pipelines.ingest.formats.decode import head_text, is_utf8, to_utf8
from pipelines.ingest.formats.dialect import find_dialect
from pipelines.ingest.formats.source import FileRefusedError

Header = tuple[int, list[int]]


@dataclass(frozen=True)
class KeptText:
    """The text of a file: path holds it in UTF-8; encoding and dialect are those of the file."""

    path: Path
    encoding: str
    dialect: Dialect

    def mentions(self, person: Person) -> bool:
        """Whether the person's name occurs anywhere in it."""
        return any(normal(person.name) in chunk.lower() for chunk in self._chunks())

    def header(self, person: Person) -> Header:
        """The columns that may hold the person, see `Person.positions`."""
        return person.positions(record.cells for chunk in self._chunks() for record in parse(chunk, self.dialect))

    def blank(self, person: Person, header: Header, target: Path) -> bool:
        """Rewrite its bytes, compressed, with empty cells for the person's records; whether there were any."""
        temporary, encoder, count = target.with_suffix(".tmp"), codecs.getincrementalencoder(self.encoding)(), 0
        with temporary.open("wb") as out, zstandard.ZstdCompressor(level=1).stream_writer(out) as writer:
            for chunk in self._chunks():
                named = self._named(chunk, person, header)
                writer.write(encoder.encode(self._without(chunk, named)))
                count += len(named)
            writer.write(encoder.encode("", final=True))
        if count:
            durable.keep(temporary, target)  # its name is the hash of what it was
        temporary.unlink(missing_ok=True)
        return count > 0

    def _named(self, chunk: str, person: Person, header: Header) -> list[Record]:
        if normal(person.name) not in chunk.lower():
            return []
        return [record for record in parse(chunk, self.dialect) if person.in_cells(record.cells, header)]

    def _without(self, chunk: str, named: list[Record]) -> str:
        parts, position = [], 0
        for record in named:
            parts += [chunk[position : record.start], self.dialect.delimiter * (len(record.cells) - 1)]
            position = record.end
        return "".join([*parts, chunk[position:]])

    def _chunks(self) -> Iterator[str]:
        with self.path.open("rb") as stream:
            for start, end in pairwise(chunk_offsets(self.path, self.dialect)):
                yield stream.read(end - start).decode()


@contextmanager
def kept_text(settings: Settings, row: Row, reader: Reader) -> Iterator[KeptText | None]:
    """The text of a ledger row's kept bytes, unpacked temporarily; None where they are no text or were deleted.

    reader: of its contract. What it leaves open is detected as when the file was read.
    """
    if not row["delimiter"] or not store.bytes_path(settings, row["sha256"]).exists():
        yield None
        return
    with TemporaryDirectory(dir=settings.warehouse) as folder:
        kept, encoding = store.restore(settings, row["sha256"], Path(folder) / "kept"), row["encoding"] or "utf-8"
        path = _decoded(kept, encoding, Path(folder) / "text")
        declared = reader.model_copy(update={"delimiter": row["delimiter"]})
        yield KeptText(path, encoding, find_dialect(head_text(path), declared)) if path else None


def _decoded(kept: Path, encoding: str, target: Path) -> Path | None:
    """The bytes in UTF-8; None where they are packed, or do not decode."""
    try:
        path = to_utf8(kept, encoding, target)
    except FileRefusedError:
        return None
    return path if path != kept or is_utf8(path) else None
