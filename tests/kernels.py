"""Compiled functions as the Python they are written in: small inputs need no compiler."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


def as_python(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
    """Until the test ends, what Numba compiles in these modules is Python, also where one kernel calls another."""
    for module in modules:
        for name, kernel in list(vars(module).items()):
            if hasattr(kernel, "py_func"):
                monkeypatch.setattr(module, name, kernel.py_func)


def noting(asked: list[Any], function: Callable[[Any], Any]) -> Callable[..., Any]:
    """A function of its first argument alone, which is noted."""

    def noted(argument: Any, *unused: Any) -> Any:
        asked.append(argument)
        return function(argument)

    return noted
