"""Where served things lie, and folders of runs beside each other of which `latest` names the served one."""

import shutil
from pathlib import Path

from pipelines.home.settings import Settings

FOLDERS = ("parquet", "pages", "workbooks", "editions")  # below `published`: one folder per run, and the link `latest`
KEPT_RUNS = 5  # folders: a reader that opened one a few runs ago can still read it
LATEST = "latest"


def served_file(settings: Settings) -> Path:
    """The fixed path that BI tools open, read-only."""
    return settings.served_file


def first_page(settings: Settings) -> Path:
    """The page that leads to all others, in every language."""
    return settings.published / "pages" / LATEST / "index.html"


def workbooks(settings: Settings) -> Path:
    """The folder of the served run's workbooks."""
    return settings.published / "workbooks" / LATEST


def aside(settings: Settings, kind: str, run_id: str) -> Path:
    """The hidden folder in which a run's files are written before anyone may see them. kind: one of FOLDERS."""
    return settings.published / kind / f".{run_id}.tmp"


def unhide(folder: Path, run_id: str) -> Path:
    """Give a hidden folder its run's name; the same run's earlier folder, of a retry or a rebuild, goes."""
    final = folder.with_name(run_id)
    if final.exists():
        final.rename(folder.with_name(f".{run_id}.old.tmp"))
    folder.rename(final)
    return final


def point_at(final: Path) -> None:
    """Let `latest` name this run's folder, and keep the last few: who began to read one must be able to finish."""
    link = final.parent / f".{LATEST}.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(final.name)
    link.replace(final.parent / LATEST)
    runs = [path for path in final.parent.iterdir() if path.is_dir() and not path.is_symlink() and path != final]
    for old in sorted(runs, key=lambda path: path.stat().st_mtime_ns, reverse=True)[KEPT_RUNS - 1 :]:
        shutil.rmtree(old)


def clear_leftovers(settings: Settings) -> None:
    """Remove what a killed run left half written; nothing hidden is ever served."""
    published = settings.published
    hidden = [path for kind in FOLDERS for path in (published / kind).glob(".*.tmp")]
    for path in (*published.glob(f".{settings.served_file.name}.*"), *hidden):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
