"""Tables through which the steps of reading a file hand rows on are named in one place, with what they hold."""

import re

import pytest
from conftest import REPOSITORY, found

from pipelines.ingest.casting import SCRATCH

pytestmark = pytest.mark.fast

MADE = re.compile(
    r"create (?:or replace )?table (\w+)(?= as | \()"  # in one statement
    r'|_create\(\s*connection,\s*"(\w+)"'  # of a query's rows, counted
    r'|f"(\w+) as (?:select|with|\{marked\}) '  # by `create_marked`, which is given a name and its query
)


def test_scratch_tables_are_those_of_the_list() -> None:
    made = set()
    for path in found((REPOSITORY / "pipelines" / "ingest").rglob("*.py")):
        for names in MADE.findall(path.read_text(encoding="utf-8")):
            made |= {name for name in names if name}
    assert made == set(SCRATCH)


def test_a_scratch_table_says_what_it_holds() -> None:
    assert all(len(words.split()) > 3 for words in SCRATCH.values())
