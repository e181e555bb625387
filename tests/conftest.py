"""What every test may ask for: the public data sets, and one full build of the sample company per session."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The folder of public data sets; the test is skipped where it is absent."""
    folder = Path(os.environ.get("ALMANAC_DATASETS", REPOSITORY.parent / "shared" / "datasets"))
    if not folder.is_dir():
        pytest.skip(f"public data sets are not at {folder} (set ALMANAC_DATASETS)")
    return folder
