"""The files of the inbox, their content hashes and the contracts that match them. Nothing here parses a file."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.contracts import ObjectContract, SourceContract
from pipelines.errors import AlmanacError
from pipelines.home.answer_files import is_answer_file
from pipelines.home.settings import Settings
from pipelines.ingest.formats.decode import content_hash

SIDECAR = ".meta.json"
CACHE = {"path": pl.String, "size": pl.Int64, "mtime": pl.Int64, "ctime": pl.Int64, "sha256": pl.String}


@dataclass(frozen=True)
class InboxFile:
    """One file of the inbox. name: its path below the inbox, with forward slashes."""

    path: Path
    name: str
    sha256: str
    size: int


def list_inbox(settings: Settings) -> list[InboxFile]:
    """Every file of the inbox with its content hash, by name. Links that lead out of the inbox, and
    review workbooks that have come back, are skipped."""
    cached = _cached(settings)
    files, cache = [], []
    for path in _files(settings.inbox):
        name = path.relative_to(settings.inbox).as_posix()
        try:
            stat = path.stat()
            mark = (name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            sha256 = cached.get(mark) or content_hash(path)
        except FileNotFoundError:
            continue  # it was moved away while the inbox was listed
        except OSError as error:
            raise AlmanacError(f"{path}: {error.strerror}: make it readable, or take it out of the inbox") from error
        cache.append((*mark, sha256))
        files.append(InboxFile(path, name, sha256, stat.st_size))
    if set(cached) != {row[:4] for row in cache}:
        _cache_path(settings).parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(cache, schema=CACHE, orient="row").write_parquet(_cache_path(settings))
    return files


def matching_contracts(
    files: list[InboxFile], contracts: Mapping[str, SourceContract]
) -> dict[str, list[tuple[SourceContract, ObjectContract]]]:
    """File name to the contracts whose globs it matches."""
    rules = [
        (re.compile("|".join(map(_glob_pattern, item.files))), system, item)
        for system in contracts.values()
        for item in system.objects
    ]
    return {file.name: [(system, item) for rule, system, item in rules if rule.fullmatch(file.name)] for file in files}


def allowed_hashes(settings: Settings) -> set[str] | None:
    """Hashes of the generated files where the home is a demo home; None where any export may be read."""
    marker = settings.home / "home.json"
    if not marker.is_file() or json.loads(marker.read_text(encoding="utf-8")).get("kind") != "demo":
        return None
    manifest = settings.home / "demo_manifest.json"
    text = manifest.read_text(encoding="utf-8") if manifest.is_file() else ""
    return set(re.findall(r"\b[0-9a-f]{64}\b", text))


def _files(inbox: Path) -> Iterator[Path]:
    if not inbox.is_dir():
        return
    root = inbox.resolve()
    for path in sorted(inbox.rglob("*")):
        hidden = any(part.startswith((".", "~$")) for part in path.relative_to(inbox).parts)
        if hidden or path.name.endswith(SIDECAR) or not path.is_file() or is_answer_file(path):
            continue
        if not path.is_symlink() or path.resolve().is_relative_to(root):
            yield path


def _glob_pattern(glob: str) -> str:
    """A glob as a regular expression: `*` stays within a folder, `**/` spans any number of them."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", glob)
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        words.get(part)
        or (
            "[" + part[1:-1].replace("!", "^", 1 if part[1] == "!" else 0) + "]"
            if part.startswith("[") and len(part) > 2
            else re.escape(part)
        )
        for part in parts
    )


def _cache_path(settings: Settings) -> Path:
    return settings.warehouse / "inbox_hashes.parquet"


def _cached(settings: Settings) -> dict[tuple[str, int, int, int], str]:
    """Hashes of files whose size and times have not changed; the cache may be deleted at any time."""
    try:
        rows = pl.read_parquet(_cache_path(settings)).rows()
    except (OSError, pl.exceptions.PolarsError):
        return {}
    return {row[:4]: row[4] for row in rows}
