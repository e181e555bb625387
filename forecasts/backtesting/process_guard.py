"""Ends what a local cluster leaves behind once the process that started it is gone, however it died.

A process of its own: `python guard.py FOLDER` waits for the end of its input, which the kernel closes with the process
that holds the other end, kill -9 included. Whatever still works in FOLDER is then killed, and FOLDER removed. Ray ends
its head and workers by itself; its two agents per node take a minute to notice that they are alone.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

GRACE = 0.5  # seconds between two looks: who leaves by himself is not killed, who is just starting is seen
QUIET = 3  # looks in a row without a process before the guard leaves
PROCESSES = Path("/proc")


def guarded(folder: Path) -> subprocess.Popen[bytes]:
    """Start the guard of a cluster whose processes keep their files in `folder`; it acts when its input is closed.

    The caller holds on to the process it gets. In a session of its own, so that Ctrl-C does not reach it.
    """
    words = [sys.executable, "-I", __file__, str(folder)]
    out = subprocess.DEVNULL
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True)


def users_of(folder: Path) -> list[int]:
    """Processes, without this one, that were started with the folder's name or have a file in it open (Linux)."""
    named = os.fsencode(folder)
    numbers = (int(entry.name) for entry in PROCESSES.glob("[0-9]*"))
    return [number for number in numbers if number != os.getpid() and _uses(number, named)]


def _uses(process: int, folder: bytes) -> bool:
    """Workers rename themselves, so their words may be gone; their log stays open."""
    place = PROCESSES / str(process)
    try:
        if folder in (place / "cmdline").read_bytes():
            return True
        return any(os.fsencode(file.readlink()).startswith(folder) for file in (place / "fd").iterdir())
    except OSError:  # it is gone, or belongs to somebody else
        return False


def end(folder: Path) -> None:
    """Kill all users of the folder until there are none, then remove it."""
    quiet = 0
    while quiet < QUIET:
        time.sleep(GRACE)
        left = users_of(folder)
        for process in left:
            _kill(process)
        quiet = 0 if left else quiet + 1
    shutil.rmtree(folder, ignore_errors=True)


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end(Path(sys.argv[1]))
