"""dbt, imported once for a whole job: a process that has read the project and forks for each command.

Each start of dbt costs two seconds of imports and two more for the parsed project. A forked command finds both in
memory, and leaves nothing behind for the next one. Run as a program with the number of a listening socket,
where `child.py` asks.
Linux only: elsewhere each command starts dbt anew.
"""

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[2]))  # it is started by its path
child = importlib.import_module("pipelines.home.child")

PATIENCE_SECONDS = 10  # for a command whose caller is gone
READ_AGAIN = ("--quiet", "--no-write-json", "--log-level-file", "none", "parse")
READERS = {"build", "compile", "run", "seed", "test"}


@dataclass
class Project:
    """The parsed project of one home, for as long as the file of its manifest is the one that stood there."""

    manifest: Any = None
    known_by: tuple[object, ...] | None = None

    def keep(self, folder: Path, manifest: Any) -> None:
        """Remember a manifest. Its objects are frozen: a command that collects garbage would walk and copy them all."""
        self.manifest, self.known_by = manifest, _file(folder)
        gc.collect()
        gc.freeze()

    def read(self, folder: Path) -> Any:
        """The manifest of this folder, read again where it is not known."""
        if _file(folder) is None:
            return None  # dbt parses it itself
        if self.known_by != _file(folder):
            place = ("--project-dir", str(folder), "--profiles-dir", str(folder))
            self.keep(folder, _invoke([*READ_AGAIN, *place])[1])
        return self.manifest


def serve(number: int) -> None:
    """Take commands at a listening socket until the process that began this one is gone."""
    child.follow_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a keyboard interrupt is for the commands
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # it ends by it, where whoever began it had it ignored too
    project = Project()
    importlib.import_module("dbt.cli.main")
    resource_tracker.ensure_running()  # dbt starts it: it would keep the output of the first command open for ever
    with socket.socket(fileno=number) as listener:
        while True:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):  # whoever asked is gone
                connection.sendall(bytes([_answer(connection, project)]))


def _answer(connection: socket.socket, project: Project) -> int:
    """The exit code of one command, run with the output, folder and environment of who asks."""
    command, streams = child.received(connection)
    arguments, folder = command["arguments"], Path(command["folder"])
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(command["environment"])
    try:
        if "parse" in arguments:
            with _output(streams):
                code, manifest = _invoke(arguments)
            project.keep(folder, manifest)
            return code
        manifest = project.read(folder) if READERS.intersection(arguments) else None
        process = os.fork()
        if not process:
            _run(arguments, streams, manifest)
    finally:
        for stream in streams:
            os.close(stream)
    return _outcome(process, connection)


def _invoke(arguments: Sequence[str], manifest: Any = None) -> tuple[int, Any]:
    """Exit code, as dbt's command line gives it, and result."""
    done = importlib.import_module("dbt.cli.main").dbtRunner(manifest=manifest).invoke([*arguments])
    if done.exception:
        print(done.exception, file=sys.stderr)
    return 0 if done.success else 2 if done.exception else 1, done.result


@contextlib.contextmanager
def _output(streams: Sequence[int]) -> Iterator[None]:
    """Standard output and error of another process in place of our own."""
    kept = [os.dup(number) for number in (1, 2)]
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, stream in enumerate(kept, start=1):
            os.dup2(stream, number)
            os.close(stream)


def _run(arguments: Sequence[str], streams: Sequence[int], manifest: Any) -> None:
    """A command in its own process, which ends here whatever happens."""
    code = 1
    try:
        child.follow_parent()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with _output(streams):
            code, _ = _invoke(arguments, manifest)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _outcome(process: int, connection: socket.socket) -> int:
    """The exit code of a command, which is interrupted if who asked for it goes away."""
    descriptor = os.pidfd_open(process)
    try:
        if descriptor not in select.select([descriptor, connection], [], [])[0]:
            os.kill(process, signal.SIGINT)
            if not select.select([descriptor], [], [], PATIENCE_SECONDS)[0]:
                os.kill(process, signal.SIGKILL)
    finally:
        os.close(descriptor)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return code if code >= 0 else 128 - code


def _file(folder: Path) -> tuple[object, ...] | None:
    """What tells whether a project has been parsed anew; None where nothing has been parsed."""
    path = folder / "target" / "manifest.json"
    return (folder, path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None


if __name__ == "__main__":
    serve(int(sys.argv[1]))
