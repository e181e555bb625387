"""Pytest's plugin for a run without faults: which test calls which functions of a package, and how long it takes."""

import json
import shutil
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest


class Company:
    """The sample company that tests share is built once, without faults, and copied into every run after that."""

    def __init__(self, kept: Path) -> None:
        """`kept` is where it stands between runs."""
        self.kept = kept

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Takes the place of what builds it in `tests/conftest.py`."""
        for plugin in session.config.pluginmanager.get_plugins():
            if hasattr(plugin, "CUSTOMERS") and hasattr(plugin, "_build"):
                plugin._build = partial(self._copy, plugin._build)

    def _copy(self, build: Callable[[Path], list[str]], home: Path) -> list[str]:
        trace = sys.gettrace()
        sys.settrace(None)
        story = self.kept / "story.json"
        if not story.exists():
            words = build(home)
            shutil.copytree(home, self.kept / "home", symlinks=True)
            story.write_text(json.dumps(words))
        else:
            shutil.copytree(self.kept / "home", home, symlinks=True)
        sys.settrace(trace)
        return list(json.loads(story.read_text()))


class Watch:
    """Functions as `path:qualified name`. What a fixture calls counts for every test of its module."""

    def __init__(self, root: Path, package: str) -> None:
        """Watch the modules below `root`/`package`."""
        self.root, self.below = root, f"{root / package}/"
        self.calls: dict[str, set[str]] = defaultdict(set)
        self.setups: dict[str, set[str]] = defaultdict(set)
        self.seconds: dict[str, float] = {}
        self._now: set[str] = set()
        self._names: dict[CodeType, str | None] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """Fixtures of a module run once, in the setup of its first test."""
        self._start(self.setups[item.path.name])
        try:
            return (yield)
        finally:
            self._stop()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """The test itself."""
        began = time.perf_counter()
        self._start(self.calls[item.nodeid])
        try:
            return (yield)
        finally:
            self._stop()
            self.seconds[item.nodeid] = time.perf_counter() - began

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A test that fails or is skipped without a fault can show none."""
        if not report.passed:
            self.calls.pop(report.nodeid, None)
            self.seconds.pop(report.nodeid, None)

    def figures(self) -> dict[str, Any]:
        """What the choice of tests reads, fit for JSON."""
        return {
            "calls": {test: sorted(names) for test, names in self.calls.items() if test in self.seconds},
            "setups": {module: sorted(names) for module, names in self.setups.items()},
            "seconds": self.seconds,
        }

    def _start(self, names: set[str]) -> None:
        self._now = names
        threading.settrace(self._called)
        sys.settrace(self._called)

    def _stop(self) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]

    def _called(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if code not in self._names:
            within = code.co_filename.startswith(self.below)
            path = Path(code.co_filename).relative_to(self.root).as_posix() if within else ""
            name = code.co_qualname.replace(".<locals>", "").split(".<")[0]  # a comprehension is its function's
            self._names[code] = f"{path}:{name}" if within else None
        if function := self._names[code]:
            self._now.add(function)
