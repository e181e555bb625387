"""Files read side by side, their results in order.

Two lanes read two files at a time, each with a scratch database of its own. Files that say something about each other
follow one another: those of one contract, where a column that one had must not be missing from the next, and those of
the same bytes, which are kept once.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, nullcontext
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Generic, TypeVar

from pipelines.ingest.arrival import Arrival
from pipelines.ingest.formats.source import SMALL, ScratchDatabase, scratch_database

LANES = 2
AHEAD = 8  # files that may be read before the result of the first of them is taken: what a kill may repeat

Result = TypeVar("Result")
Land = Callable[[Arrival, ScratchDatabase], Result]


class Lanes(Generic[Result]):
    """Scratch databases in which `land` reads files; use it as a context."""

    def __init__(self, folder: Path, land: Land[Result]) -> None:
        """folder: for the scratch databases. land: called with a file and a database that is its alone."""
        self._folder, self._land = folder, land
        self._free: SimpleQueue[ScratchDatabase] = SimpleQueue()
        self._large = Lock()  # two large files at a time would need twice the memory, and each uses both cores
        self._last: dict[Hashable, Future[Result]] = {}

    def __enter__(self) -> "Lanes[Result]":
        """Open the scratch databases."""
        self._stack = ExitStack()
        self._scratches = [self._stack.enter_context(scratch_database(self._folder)) for _ in range(LANES)]
        for scratch in self._scratches:
            self._free.put(scratch)
        self._pool = ThreadPoolExecutor(LANES)
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Leave what has not begun; what is being read is waited for, or interrupted where the run ends early."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if kind:
            for scratch in self._scratches:
                scratch.interrupt()
        self._pool.shutdown()
        self._stack.close()

    def results(self, arrivals: Iterable[Arrival]) -> Iterator[tuple[Arrival, Future[Result]]]:
        """Each file with what will be known of it, in the order of the files."""
        begun: deque[tuple[Arrival, Future[Result]]] = deque()
        for arrival in arrivals:
            begun.append((arrival, self._begin(arrival)))
            if len(begun) > AHEAD:
                yield begun.popleft()
        yield from begun

    def _begin(self, arrival: Arrival) -> Future[Result]:
        keys = ((arrival.system.system, arrival.contract.name), arrival.sha256)
        future = self._pool.submit(self._run, arrival, [self._last[key] for key in keys if key in self._last])
        self._last |= dict.fromkeys(keys, future)
        return future

    def _run(self, arrival: Arrival, earlier: list[Future[Result]]) -> Result:
        wait(earlier)
        is_large = arrival.path.exists() and arrival.path.stat().st_size >= SMALL
        scratch = self._free.get()
        try:
            with self._large if is_large else nullcontext():
                return self._land(arrival, scratch)
        finally:
            self._free.put(scratch)
