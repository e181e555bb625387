"""Pytest's plugin for a run without faults: which test runs which lines of a package, and how long it takes."""

import inspect
import resource
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

# Of processor seconds, and of the clock for one that waits: a slower test is never among the few that a fault gets.
LONGEST_TEST, LONGEST_WAIT = 3, 30


class WithoutCompany:
    """Leaves out the tests of the sample company: a job of a minute, for faults that quicker tests are to see."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """`built` is the fixture of `tests/conftest.py` that every such test needs."""
        items[:] = [item for item in items if "built" not in getattr(item, "fixturenames", ())]


class Watch:
    """Names are `path:line` and `path:qualified name` of functions; a module's own body, run once, is not watched.

    What a fixture runs counts for the test that it is made for and, as others may share it, for its module.
    """

    def __init__(self, root: Path, package: str) -> None:
        """Watch the modules below `root`/`package`."""
        self.root, self.below = root, f"{root / package}/"
        self.seconds: dict[str, float] = defaultdict(float)
        self.fixtures: dict[str, float] = defaultdict(float)
        self.passed: set[str] = set()
        self.seen: dict[tuple[str, int | str], set[str]] = defaultdict(set)
        self._now: set[tuple[str, int | str]] = set()
        self._paths: dict[int, str | None] = {}
        self._kept: list[CodeType] = []  # an id stands for a code object while that is alive

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """Fixtures of a module run once, in the setup of its first test."""
        with self._watching(item.nodeid, item.nodeid.split("::")[0]):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """The test itself."""
        with self._watching(item.nodeid, None):
            return (yield)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A test that fails or is skipped without a fault can show none."""
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    def figures(self) -> dict[str, Any]:
        """What the choice of tests reads, fit for JSON: tests stand as their numbers."""
        tests = [test for test in self.seconds if test in self.passed]
        number = {test: at for at, test in enumerate(tests)} | {module: module for module in self.fixtures}
        return {
            "tests": [[test, round(self.seconds[test], 4)] for test in tests],
            "fixtures": {module: round(seconds, 4) for module, seconds in self.fixtures.items()},
            "seen": {
                f"{path}:{place}": sorted((number[test] for test in seen if test in number), key=str)
                for (path, place), seen in self.seen.items()
            },
        }

    @contextmanager
    def _watching(self, test: str, module: str | None) -> Iterator[None]:
        began = processor_seconds()
        self._now = set()
        _limit(LONGEST_TEST, LONGEST_WAIT)
        threading.settrace(self._called)
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
            _limit(0, 0)
            spent = processor_seconds() - began
            self.seconds[test] += spent
            if module:
                self.fixtures[module] = max(self.fixtures[module], spent)
            for name in self._now:
                self.seen[name] |= {test, module} if module else {test}

    def _called(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if id(code) not in self._paths:
            self._kept.append(code)
            within = code.co_filename.startswith(self.below) and code.co_flags & inspect.CO_OPTIMIZED
            self._paths[id(code)] = Path(code.co_filename).relative_to(self.root).as_posix() if within else None
        path = self._paths[id(code)]
        if path is None:
            return None
        # A comprehension or a function inside is its function's.
        self._now.add((path, code.co_qualname.replace(".<locals>", "").split(".<")[0]))

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            self._now.add((path, frame.f_lineno))
            return line

        return line


def processor_seconds() -> float:
    """Of this process and of those it started and that ended: other work on the machine does not count."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _limit(processor: float, clock: float) -> None:
    """Ends a test after so many seconds, and again if it goes on waiting; 0 takes the limits away."""
    for timer, ends, seconds in (
        (signal.ITIMER_PROF, signal.SIGPROF, processor),
        (signal.ITIMER_REAL, signal.SIGALRM, clock),
    ):
        signal.signal(ends, lambda *_: pytest.fail("too slow to be chosen"))
        signal.setitimer(timer, seconds, seconds)
