"""Readers of other packages, for formats that no contract can describe: `reader: {plugin: NAME}`.

A package registers a function under the entry point `almanac.readers`. It is given the path of the file, unpacked, and
yields a mapping of header to value per record, in the file's order. What it raises refuses the file with its words.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path

from pipelines.home.machine import machine_fault
from pipelines.ingest.formats.source import FileRefusedError

GROUP = "almanac.readers"
Record = Mapping[str, object]


def plugin_records(name: str, path: Path) -> list[dict[str, object]]:
    """The records that the reader NAME finds in a file. Raises FileRefusedError where it is missing or gives up."""
    try:
        records = [dict(record) for record in _reader(name)(path)]
    except FileRefusedError:
        raise
    except Exception as error:  # whatever another package raises, on its import too, is about this file
        if machine_fault(error):
            raise
        message = " ".join(str(error).split())[:300]
        raise FileRefusedError("broken_file", f"reader {name}: {type(error).__name__}: {message}") from error
    if not records:
        raise FileRefusedError("no_records", f"reader {name} finds no record in the file")
    return records


def _reader(name: str) -> Callable[[Path], Iterable[Record]]:
    found = entry_points(group=GROUP)
    if name not in found.names:
        known = f"; installed: {', '.join(sorted(found.names))}" if found.names else ""
        raise FileRefusedError("no_reader", f"reader {name!r} is not installed{known}: no package offers it as {GROUP}")
    reader: Callable[[Path], Iterable[Record]] = found[name].load()
    return reader
