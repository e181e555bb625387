"""What becomes of files that others wrote to break readers: loaded, loaded with refusals, refused with a reason.

`python tests/hostile_score.py FOLDER...` prints one table row per folder, and what went wrong. A file that crashes the
reader, or takes ten seconds of processor time, is a failure; so is one that loads fewer records than it says it read.
"""

import sys
import time
from collections import Counter
from pathlib import Path

from pipelines.errors import AlmanacError
from pipelines.ingest.proposals.preview import read_table

LONGEST = 10.0


def outcome(path: Path) -> str:
    """loaded, with refusals, refused, or what went wrong."""
    started = time.process_time()
    try:
        frame, about = read_table(path)
        outcome = "with refusals" if about["refused"] else "loaded"
        if frame.height != about["rows"]:
            outcome = "lost rows"
    except AlmanacError as refusal:
        outcome = "refused" if str(refusal).strip() and "\n" not in str(refusal) else "refused without a reason"
    except Exception as error:  # a crash is what is looked for
        outcome = f"crash: {type(error).__name__}"
    return outcome if time.process_time() - started < LONGEST else "took too long"


def outcomes(folder: Path, every: int = 1) -> dict[Path, str]:
    """The outcome of every file below a folder, or of every n-th."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())[::every]
    return {path: outcome(path) for path in files}


def main() -> None:
    """Print the table."""
    for folder in map(Path, sys.argv[1:]):
        by_path = outcomes(folder)
        counts = Counter(by_path.values())
        print(f"| `{folder.name}` | {len(by_path)} | {', '.join(f'{n} {name}' for name, n in counts.most_common())} |")
        for path, outcome in by_path.items():
            if outcome not in ("loaded", "with refusals", "refused"):
                print(f"{outcome}: {path}")


if __name__ == "__main__":
    main()
