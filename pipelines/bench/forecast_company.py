"""The home whose series are the set `company`: a given one, or a sample company made and run for the benchmark."""

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from pipelines.errors import AlmanacError


def published_home(home: str, stack: ExitStack) -> Path:
    """The named home; without a name a sample company in a temporary folder, which goes when the stack closes."""
    if home:
        return Path(home)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="almanac-"))) / "demo"
    for command in ("demo", "run"):
        print(f"         making a sample company: almanac {command}", file=sys.stderr, flush=True)
        program = [sys.executable, "-c", "from pipelines.cli import main; main()", "--home", str(folder), command]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise AlmanacError(f"the sample company was not made: {said[-1] if said else 'almanac ' + command}")
    return folder
