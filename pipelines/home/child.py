"""Processes that end with the one that started them, however it ends: a killed run leaves nobody writing.

Run as a program it is dbt, or asks the host of a job for it. It imports nothing of ours, because it is started by its
path.
"""

import ctypes
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HOST = "ALMANAC_DBT_HOST"  # names the socket of the process that runs dbt for this job
_PR_SET_PDEATHSIG = 1
_LENGTH_BYTES = 8
PATIENCE_SECONDS = 20  # Dagster takes ten to end its servers where the machine is busy


def follow_parent(signal_number: int = signal.SIGKILL) -> None:
    """Let the kernel send this process a signal when its parent has died. Linux alone knows how."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def call(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command and all that it starts, which end with this process: on SIGTERM and SIGINT, and if it is killed."""
    process = subprocess.Popen(command, env=environment, start_new_session=True, preexec_fn=follow_parent_softly)

    def end(number: int, _: object) -> None:
        process.send_signal(number)  # alone: it would start what it has started anew
        signal.alarm(PATIENCE_SECONDS)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    signal.signal(signal.SIGALRM, lambda *_: _signal_group(process.pid, signal.SIGKILL))
    try:
        code = process.wait()
        return code if code >= 0 else 128 - code  # as a shell says it
    finally:
        signal.alarm(0)
        _end_group(process.pid)


def _end_group(group: int) -> None:
    """End what the command has started and left, and kill what does not end."""
    _signal_group(group, signal.SIGTERM)
    until = time.monotonic() + PATIENCE_SECONDS
    while _signal_group(group, 0) and time.monotonic() < until:
        time.sleep(0.1)
    _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def follow_parent_softly() -> None:
    """The same with SIGTERM, for a process that ends others before itself."""
    follow_parent(signal.SIGTERM)


def asked(path: str, arguments: Sequence[str]) -> int | None:
    """Exit code of a dbt command that the host at this socket runs with our output; None where nobody answers."""
    command = {"arguments": [*arguments], "folder": str(Path.cwd()), "environment": dict(os.environ)}
    message = json.dumps(command).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(path)
        except OSError:
            return None
        socket.send_fds(connection, [len(message).to_bytes(_LENGTH_BYTES, "big")], [1, 2])
        connection.sendall(message)
        code = connection.recv(1)
    return code[0] if code else 1


def received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The command that `asked` has sent, and the caller's output and error. Raises OSError if it is cut off."""
    length, streams, _, _ = socket.recv_fds(connection, _LENGTH_BYTES, 2)
    message, wanted = b"", int.from_bytes(length, "big")
    while len(length) < _LENGTH_BYTES or len(message) < wanted:
        part = connection.recv(wanted - len(message)) if len(length) == _LENGTH_BYTES else b""
        if not part:
            for stream in streams:
                os.close(stream)
            raise ConnectionError("the caller has ended")
        message += part
    return json.loads(message), streams


def dbt(arguments: Sequence[str]) -> int | None:
    """dbt's command line: that of the job's host where it has one, otherwise started here."""
    host = os.environ.get(HOST)
    code = asked(host, arguments) if host else None
    return importlib.import_module("dbt.cli.main").cli(prog_name="dbt") if code is None else code


if __name__ == "__main__":
    follow_parent()
    sys.exit(dbt(sys.argv[1:]))
