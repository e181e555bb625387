"""What each step of a run costs: processor seconds and memory of a process and of all that it has started."""

import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.errors import AlmanacError
from pipelines.home.settings import load_settings

PROCESSES = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PAUSE = 0.5  # seconds between two looks at the memory
OWN, WAITED = slice(11, 13), slice(13, 15)  # user and system ticks in `stat` after the name: its own, of ended children


@dataclass
class Steps:
    """Give `say` to a run: it takes each message as the end of the step before. Linux only."""

    costs: dict[str, list[float]] = field(default_factory=dict)
    step: str = "start"
    seconds: float = 0.0
    peak: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Steps":
        """Begin to look at the memory."""
        self.seconds = processor_seconds()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        """The last step ends."""
        self.say("end")
        self.done.set()

    def say(self, message: str) -> None:
        """A message of the run; its step is the words before its numbers."""
        seconds = processor_seconds()
        cost = self.costs.setdefault(self.step, [0.0, 0.0])
        cost[0] += seconds - self.seconds
        cost[1] = max(cost[1], self.peak)
        self.step, self.seconds, self.peak = step_of(message), seconds, 0.0

    def figures(self) -> dict[str, Any]:
        """Per step processor seconds and peak gigabytes; their sum and maximum."""
        each = {step: {"cpu_s": round(cost[0], 1), "peak_gb": round(cost[1], 2)} for step, cost in self.costs.items()}
        total, peak = sum(cost[0] for cost in self.costs.values()), max(cost[1] for cost in self.costs.values())
        return {"cpu_s": round(total, 1), "peak_gb": round(peak, 2), "steps": each}

    def _watch(self) -> None:
        while not self.done.wait(PAUSE):
            self.peak = max(self.peak, memory_gb())


def watched_job(
    home: Path, day: date, tags: Mapping[str, str], heard: Callable[[Steps], None] = lambda steps: None
) -> tuple[dict[str, Any], list[str]]:
    """The whole job of a home in this process: its figures and what it said. heard: called with each message."""
    from pipelines.orchestration.execute import run_job

    messages: list[str] = []
    with Steps() as steps:

        def say(message: str) -> None:
            messages.append(message)
            steps.say(message)
            heard(steps)

        is_served = run_job(load_settings(home, config=home / "config"), day, tags, say)
    if not is_served:
        raise AlmanacError(f"bench job: {home}: the run was not published: {' '.join(messages[-3:])}")
    return steps.figures(), messages


def step_of(message: str) -> str:
    """`landing 3 of 24: file` is `landing`; which models dbt builds is part of its name."""
    if message.startswith(("dbt", "gate")):
        return re.sub(r" \d.*", "", message)
    return re.split(r"[:\d,]", message, maxsplit=1)[0].strip() or message


def processor_seconds() -> float:
    """User and system seconds of this process, of those that it started, and of what these have waited for."""
    stats = [_stat(number) for number in family()]
    return sum(sum(map(int, stat[part])) for stat in stats if stat for part in (OWN, WAITED)) / TICKS


def memory_gb() -> float:
    """Memory of the family; what two share counts once."""
    return sum(_proportional_kb(number) for number in family()) / 1_048_576


def family() -> list[int]:
    """This process and all that descend from it."""
    parents = {number: int(stat[1]) for number in _numbers() if (stat := _stat(number))}
    found = [os.getpid()]
    for parent in found:
        found += [number for number, of in parents.items() if of == parent]
    return found


def _numbers() -> list[int]:
    return [int(entry.name) for entry in PROCESSES.iterdir() if entry.name.isdigit()]


def _stat(number: int) -> list[str]:
    """The fields of `stat` after the name; none of a process that has ended."""
    try:
        return (PROCESSES / str(number) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def _proportional_kb(number: int) -> int:
    try:
        text = (PROCESSES / str(number) / "smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
