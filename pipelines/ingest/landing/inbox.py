"""The files of the inbox, their content hashes and the contracts that match them. Nothing here parses a file."""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

import polars as pl

from pipelines.contracts import ObjectContract, SourceContract
from pipelines.errors import MachineFaultError
from pipelines.home.answer_files import is_answer_file
from pipelines.home.machine import machine_fault
from pipelines.home.settings import Settings
from pipelines.ingest.formats.decode import content_hash

SIDECAR = ".meta.json"
LIKE = 0.6  # of the letters of a name: below it, names have little more than their ending in common
CACHE = {"path": pl.String, "size": pl.Int64, "mtime": pl.Int64, "ctime": pl.Int64, "sha256": pl.String}


@dataclass(frozen=True)
class InboxFile:
    """One file of the inbox. name: its path below the inbox, with forward slashes."""

    path: Path
    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Unread:
    """Something in the inbox that was passed by.

    is_fault: this machine could not read it, and the next run tries again; otherwise it is no file.
    """

    name: str
    reason: str
    is_fault: bool


@dataclass
class Inbox:
    """What lies in the inbox, by name."""

    files: list[InboxFile] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def list_inbox(settings: Settings) -> Inbox:
    """Every file of the inbox with its content hash, and what else lies there: one that cannot be read stops none.

    Review workbooks that have come back are not exports and are left out.
    """
    cached = _cached(settings)
    inbox, cache = Inbox(), []
    for path in _paths(settings.inbox, inbox.unread):
        name = path.relative_to(settings.inbox).as_posix()
        try:
            stat = path.stat()
            mark = (name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            sha256 = cached.get(mark) or content_hash(path)
        except FileNotFoundError:
            continue  # it was moved away while the inbox was listed
        except OSError as error:
            inbox.unread.append(_unreadable(name, error))
            continue
        cache.append((*mark, sha256))
        inbox.files.append(InboxFile(path, name, sha256, stat.st_size))
    if set(cached) != {row[:4] for row in cache}:
        _keep_cache(settings, pl.DataFrame(cache, schema=CACHE, orient="row"))
    return inbox


def _keep_cache(settings: Settings, cache: pl.DataFrame) -> None:
    """Spare the next look its hashing. A home that can only be read, or a full disk, can still be looked at."""
    path = _cache_path(settings)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        cache.write_parquet(aside)
        aside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def matching_contracts(
    files: list[InboxFile], contracts: Mapping[str, SourceContract]
) -> dict[str, list[tuple[SourceContract, ObjectContract]]]:
    """File name to the contracts whose globs it matches, in upper or lower case: DEALS.CSV is deals.csv."""
    rules = [
        (re.compile("|".join(map(_glob_pattern, item.files)), re.IGNORECASE), system, item)
        for system in contracts.values()
        for item in system.objects
    ]
    return {file.name: [(system, item) for rule, system, item in rules if rule.fullmatch(file.name)] for file in files}


def named_like(name: str, item: ObjectContract) -> bool:
    """Whether a file, wherever it lies, is named as those of the contract, in upper or lower case."""
    return any(re.fullmatch(_glob_pattern(Path(glob).name), name, re.IGNORECASE) for glob in item.files)


def nearest_contract(name: str, contracts: Mapping[str, SourceContract]) -> str:
    """The contract whose glob is most like a file's name, as words; empty where none is like it."""
    wanted = _letters(Path(name).name)
    likeness = {
        f"{system.system}/{item.name} ({glob})": SequenceMatcher(None, wanted, _letters(Path(glob).name)).ratio()
        for system in contracts.values()
        for item in system.objects
        for glob in item.files
    }
    best = max(likeness, key=likeness.__getitem__, default="")
    return best if best and likeness[best] >= LIKE else ""


def _letters(text: str) -> str:
    """What is left of a name or glob without dates, numbers and wildcards."""
    return re.sub(r"[\W\d_]+", " ", text.casefold()).strip()


def allowed_hashes(settings: Settings) -> set[str] | None:
    """Hashes of the generated files where the home is a demo home; None where any export may be read."""
    marker = settings.home / "home.json"
    if not marker.is_file() or json.loads(marker.read_text(encoding="utf-8")).get("kind") != "demo":
        return None
    manifest = settings.home / "demo_manifest.json"
    text = manifest.read_text(encoding="utf-8") if manifest.is_file() else ""
    return set(re.findall(r"\b[0-9a-f]{64}\b", text))


def _paths(inbox: Path, unread: list[Unread]) -> Iterator[Path]:
    """Paths of files, by name; whatever else is there, or cannot be looked into, is added to `unread`."""

    def refused(error: OSError) -> None:
        folder = Path(error.filename)
        if folder != inbox or folder.exists():  # an inbox that nobody has made is empty
            unread.append(_unreadable(f"{folder.relative_to(inbox).as_posix()}/", error))

    root, paths = inbox.resolve(), []
    for folder, names, files in os.walk(inbox, onerror=refused):
        names[:] = [name for name in names if not name.startswith((".", "~$"))]
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        paths += [Path(folder) / name for name in (*files, *links) if not name.startswith((".", "~$"))]
    for path in sorted(paths):
        if path.name.endswith(SIDECAR) or is_answer_file(path):
            continue
        if why := _no_file(path, root):
            unread.append(Unread(path.relative_to(inbox).as_posix(), why, is_fault=False))
        else:
            yield path


def _no_file(path: Path, root: Path) -> str:
    """Why a path is no file of the inbox, or nothing where it is one."""
    if path.is_symlink():
        try:
            target = path.resolve()
        except RuntimeError:
            return "a link that leads to itself"
        if not target.is_relative_to(root):
            return f"a link that leads out of the inbox, to {target}: put the file itself here"
        if not target.is_file():
            return f"a link to {target}, which is no file"
    elif path.exists() and not path.is_file():
        return "a pipe, socket or device: only files are read"
    return ""


def _unreadable(name: str, error: OSError) -> Unread:
    fault = machine_fault(error) or MachineFaultError(str(error.strerror or error))
    return Unread(name, f"{str(fault).partition(': /')[0]}: nothing of it is recorded, the next run tries again", True)


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
