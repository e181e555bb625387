"""Stops the leftover processes of a local cluster once the process that started it has ended, however it ended.

Runs as a separate process: `python process_guard.py FOLDER` waits for the end of its input. The kernel closes that
input when the starting process ends, also after kill -9. Processes that still use FOLDER are then killed and FOLDER is
removed. Ray stops its head and workers by itself; its two agents per node take a minute to notice.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

CHECK_INTERVAL = 0.5  # seconds between two checks: time to exit unkilled, and for a starting process to appear
IDLE_CHECKS = 3  # consecutive checks without a process before the guard exits
PROCESSES = Path("/proc")


def start_guard(folder: Path) -> subprocess.Popen[bytes]:
    """Start the guard of a cluster whose processes keep their files in `folder`; it acts when its input is closed.

    The caller keeps the returned process. It runs in its own session, so that Ctrl-C does not reach it.
    """
    command = [sys.executable, "-I", __file__, str(folder)]
    null = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=null, stderr=null, start_new_session=True)


def users_of(folder: Path) -> list[int]:
    """Processes, without this one, that were started with the folder's name or have a file in it open (Linux)."""
    name = os.fsencode(folder)
    numbers = (int(entry.name) for entry in PROCESSES.glob("[0-9]*"))
    return [number for number in numbers if number != os.getpid() and _uses(number, name)]


def _uses(process: int, folder: bytes) -> bool:
    """Workers rename themselves, which may hide their command line; their log file stays open."""
    process_folder = PROCESSES / str(process)
    try:
        if folder in (process_folder / "cmdline").read_bytes():
            return True
        return any(os.fsencode(file.readlink()).startswith(folder) for file in (process_folder / "fd").iterdir())
    except OSError:  # the process has ended, or belongs to another user
        return False


def end(folder: Path) -> None:
    """Kill all users of the folder until there are none, then remove it."""
    idle_checks = 0
    while idle_checks < IDLE_CHECKS:
        time.sleep(CHECK_INTERVAL)
        running = users_of(folder)
        for process in running:
            _kill(process)
        idle_checks = 0 if running else idle_checks + 1
    shutil.rmtree(folder, ignore_errors=True)


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end(Path(sys.argv[1]))
