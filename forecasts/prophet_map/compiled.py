"""How kernels are compiled: Numba, kept on disk, without the global interpreter lock.

Compiling costs seconds, so machine code is cached in a folder named after the kernels' own source. Numba looks at one
file at a time when it decides whether its cache is stale; a kernel that inlines another file's kernel would otherwise
run outdated code. The first writable one of: next to the package, the user's cache, the temporary folder.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba

CONFIG: Any = numba.config
COMPILE: Any = numba.njit
PACKAGE = Path(__file__).parent
PACKAGE_CACHE = PACKAGE / "__pycache__"
KERNEL_FILES = ("compiled.py", "lasso.py", "additive.py", "multiplicative.py", "predict.py")

# Sums may be reordered so that they use vector registers; NaN and infinity keep their meaning.
MATHS = {"reassoc", "contract", "nsz"}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` on first use for the argument types it meets, and keep the machine code on disk."""
    before = CONFIG.CACHE_DIR
    CONFIG.CACHE_DIR = str(CACHE_FOLDER)
    try:
        return COMPILE(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")(function)
    finally:
        CONFIG.CACHE_DIR = before


def part(function: Callable[..., Any]) -> Any:
    """Compile `function` into the kernels that call it; Python never calls it, so it gets no entry of its own."""
    return COMPILE(fastmath=MATHS, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def source_hash() -> str:
    """Name of the current kernels: a hash over their source."""
    digest = hashlib.sha256()
    for name in KERNEL_FILES:
        digest.update((PACKAGE / name).read_bytes())
    return digest.hexdigest()[:12]


def cache_folder() -> Path:
    """The first candidate folder that can be written."""
    name = f"numba-{source_hash()}"
    for parent in _candidates():
        folder = parent / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix=name))


def _candidates() -> Iterator[Path]:
    if os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(os.environ["NUMBA_CACHE_DIR"])
    yield PACKAGE_CACHE
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "almanac"
    yield Path(tempfile.gettempdir()) / "almanac"


CACHE_FOLDER = cache_folder()
