"""Compiled functions as the Python they are written in: small inputs need no compiler."""

from types import ModuleType

import pytest


def as_python(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
    """Until the test ends, what Numba compiles in these modules is Python, also where one kernel calls another."""
    for module in modules:
        for name, kernel in list(vars(module).items()):
            if hasattr(kernel, "py_func"):
                monkeypatch.setattr(module, name, kernel.py_func)
