"""The kept bytes of a text file, searched for a person and blanked where they stand, a piece at a time."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import zstandard

from pipelines.contracts import Reader
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

    def names(self, person: Person) -> bool:
        """Whether the person's name stands anywhere in it."""
        return any(normal(person.name) in piece.lower() for piece in self._pieces())

    def header(self, person: Person) -> Header:
        """Where in its records the person may stand, see `Person.places`."""
        return person.places(record.cells for piece in self._pieces() for record in parse(piece, self.dialect))

    def blank(self, person: Person, header: Header, target: Path) -> bool:
        """Write its bytes anew, packed, with empty cells where the person's records were; whether there were any."""
        aside, encoder, count = target.with_suffix(".tmp"), codecs.getincrementalencoder(self.encoding)(), 0
        with aside.open("wb") as out, zstandard.ZstdCompressor(level=1).stream_writer(out) as writer:
            for piece in self._pieces():
                named = self._named(piece, person, header)
                writer.write(encoder.encode(self._without(piece, named)))
                count += len(named)
            writer.write(encoder.encode("", final=True))
        if count:
            aside.replace(target)
        aside.unlink(missing_ok=True)
        return count > 0

    def _named(self, piece: str, person: Person, header: Header) -> list[Record]:
        if normal(person.name) not in piece.lower():
            return []
        return [record for record in parse(piece, self.dialect) if person.in_cells(record.cells, header)]

    def _without(self, piece: str, named: list[Record]) -> str:
        parts, position = [], 0
        for record in named:
            parts += [piece[position : record.start], self.dialect.delimiter * (len(record.cells) - 1)]
            position = record.end
        return "".join([*parts, piece[position:]])

    def _pieces(self) -> Iterator[str]:
        with self.path.open("rb") as stream:
            for start, end in pairwise(chunk_offsets(self.path, self.dialect)):
                yield stream.read(end - start).decode()


@contextmanager
def kept_text(settings: Settings, row: Row, reader: Reader) -> Iterator[KeptText | None]:
    """The text of a ledger row's kept bytes, unpacked for a moment; none for what is no text, or gone.

    reader: of its contract. What it leaves open is found out as it was when the file was read.
    """
    if not row["delimiter"] or not store.bytes_path(settings, row["sha256"]).exists():
        yield None
        return
    with TemporaryDirectory(dir=settings.warehouse) as folder:
        kept, encoding = store.restore(settings, row["sha256"], Path(folder) / "kept"), row["encoding"] or "utf-8"
        path = _decoded(kept, encoding, Path(folder) / "text")
        told = reader.model_copy(update={"delimiter": row["delimiter"]})
        yield KeptText(path, encoding, find_dialect(head_text(path), told)) if path else None


def _decoded(kept: Path, encoding: str, target: Path) -> Path | None:
    """The bytes in UTF-8; none where they are packed, or are not all in the encoding."""
    try:
        path = to_utf8(kept, encoding, target)
    except FileRefusedError:
        return None
    return path if path != kept or is_utf8(path) else None
