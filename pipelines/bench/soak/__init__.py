"""Years in a home in an evening: runs that are killed, readers beside publishing, nights in a row.

Belongs here: driving whole commands from outside and judging what they leave. Does not belong here: any rule of the
product. Each part goes on where its checkpoint file ends, so that it can be stopped at any time.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.bench.soak import kills, nights, readers

PARTS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "kills": kills.run,
    "nights": nights.run,
    "readers": readers.run,
}
HUNDRED, NIGHTS, PUBLISHES = 100, 200, 50


def run(part: str = "readers", folder: str = "data/soak", n: str = "") -> dict[str, Any]:
    """One part: kills (n runs that are killed), nights (n runs in a row), readers (n publishes under readers)."""
    counts = {"kills": HUNDRED, "nights": NIGHTS, "readers": PUBLISHES}
    if part not in PARTS:
        raise ValueError(f"part {part!r} is none of {', '.join(PARTS)}")
    return {"part": part, **PARTS[part](Path(folder).resolve() / part, int(n or counts[part]))}
