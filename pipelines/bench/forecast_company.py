"""The home with the series of the set `company`: a given one, or a sample company generated for the benchmark."""

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from pipelines.errors import AlmanacError


def published_home(home: str, stack: ExitStack) -> Path:
    """The named home; without a name a sample company in a temporary folder, removed when the stack closes."""
    if home:
        return Path(home)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="almanac-"))) / "demo"
    for command in ("demo", "run"):
        print(f"         generating a sample company: almanac {command}", file=sys.stderr, flush=True)
        program = [sys.executable, "-c", "from pipelines.cli import main; main()", "--home", str(folder), command]
        process = subprocess.run(program, capture_output=True, text=True, check=False)
        if process.returncode:
            output = (process.stderr or process.stdout).strip().splitlines()
            reason = output[-1] if output else f"almanac {command}"
            raise AlmanacError(f"the sample company could not be generated: {reason}")
    return folder
