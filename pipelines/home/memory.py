"""What a home remembers of its use: configuration, contracts and inbox, so that no later command can mean others.

Kept in `home.json`, beside what kind of home it is. What lies in the home by default is not named: a home can be moved.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import AlmanacError

MARKER = "home.json"
USED = "used_with"
NAMES = ("config", "sources", "inbox")


@dataclass(frozen=True)
class Used:
    """Folders that a home was last used with; None for the default of each. is_known: whether it was ever used."""

    is_known: bool = False
    config: Path | None = None
    sources: Path | None = None
    inbox: Path | None = None


def recall(home: Path) -> Used:
    """What the home was last used with."""
    used = _marker(home).get(USED)
    if not isinstance(used, dict):
        return Used()
    return Used(True, **{name: Path(used[name]) if used.get(name) else None for name in NAMES})


def remember(home: Path, used: Used) -> None:
    """Keep what the home is used with. Only for who owns the home."""
    if recall(home) == used:
        return
    folders = {name: str(folder) if (folder := getattr(used, name)) else None for name in NAMES}
    text = json.dumps({**_marker(home), USED: folders}, indent=1, ensure_ascii=False)
    aside = home / f".{MARKER}.{os.getpid()}.tmp"
    aside.write_text(text + "\n", encoding="utf-8")
    aside.replace(home / MARKER)


def agreed(
    home: Path, name: str, given: Path | None, default: Path | None, used: Used, *, is_switch: bool
) -> Path | None:
    """The folder to use: the given one, or else the remembered one. Raises AlmanacError where they are two.

    is_switch: the given one is to be used from now on, and the default where none is given.
    """
    remembered: Path | None = getattr(used, name) or default
    if is_switch or not used.is_known:
        return given or default
    if given is not None and given != remembered:
        raise AlmanacError(
            f"{home}: is used with {f'--{name} {remembered}' if remembered else f'no --{name}'}, not with "
            f"{given}: leave --{name} out, or say --switch to use this one from now on"
        )
    return remembered


def _marker(home: Path) -> dict[str, Any]:
    path = home / MARKER
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AlmanacError(
            f"{path}: damaged ({error}): delete it, and name --config, --sources and --inbox once more"
        ) from error
    return content if isinstance(content, dict) else {}
