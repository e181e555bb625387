"""The head of a proposed contract: how many columns are mapped, and what came of the file under it."""

from pathlib import Path
from typing import NoReturn

import pytest

from pipelines.errors import AlmanacError
from pipelines.home.settings import load_settings
from pipelines.ingest.proposals.propose import propose

DEALS = "Deal ID,Stage,Zq\n1,Closed Won,x\n2,Closed Won,y\n"
MONTHS = "KPI,2025-01,2025-02,2025-03,Zq\nrevenue,1,2,3,x\norders,4,5,6,y\n"
STAGES = (
    "Deal ID,Stage,进入谈判时间,进入赢单时间,Zq\n1,Closed Won,2025-01-01,2025-01-02,x\n2,Closed Won,2025-01-03,,y\n"
)
CHECK = "Check every line, then `almanac sources check`."


def head(folder: Path, content: str, name: str = "a.csv", wanted: str | None = None) -> list[str]:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    lines = propose(load_settings(folder), path, "crm", wanted).splitlines()
    return [line for line in lines if line.startswith("# ")]


@pytest.mark.parametrize(
    ("content", "wanted", "counts", "outcomes"),
    [
        (DEALS, "opportunities", "2 of 3", ["3 rows in = 2 loaded + 0 quarantined + 1 control"]),
        (MONTHS, "targets", "4 of 5", ["7 rows in = 6 loaded + 0 quarantined + 1 control"]),
        (
            STAGES,
            "opportunities",
            "4 of 5",
            ["3 rows in = 2 loaded + 0 quarantined + 1 control", "5 rows in = 3 loaded + 0 quarantined + 2 control"],
        ),
    ],
)
def test_the_head_counts_the_columns_that_the_contract_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, wanted: str, counts: str, outcomes: list[str]
) -> None:
    first = f"# Proposed from a.csv: 2 rows examined, utf-8, {counts} columns mapped."
    assert head(tmp_path, content, wanted=wanted) == [
        first,
        *(f"# Tried on the file: {line}. {CHECK}" for line in outcomes),
    ]

    def refuse(path: Path) -> NoReturn:
        raise AlmanacError(f"{path}: no words for it")

    monkeypatch.setattr("pipelines.ingest.proposals.propose.load_contract", refuse)
    assert head(tmp_path, content, wanted=wanted) == [first, "# Not tried on the file: no words for it"]


def test_a_proposal_that_refuses_many_rows_says_so_first(tmp_path: Path) -> None:
    rows = "".join(f"{n},Closed Won,{'x' if n < 3 else n}\n" for n in range(20))
    lines = head(tmp_path, "Deal ID,Stage,Amount\n" + rows, wanted="opportunities")
    assert lines[1] == "# It would refuse 3 of 20 rows (15%): why?"
    assert lines[2].startswith("# Tried on the file: 21 rows in = 17 loaded + 3 quarantined + 1 control; record 1: ")


def test_records_inside_a_json_document_are_read_in_the_encoding_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(
        '{"data": {"rows": [{"Deal ID": "1", "Stage": "赢单"}, {"Deal ID": "2", "Stage": "赢单"}]}}'.encode("gb18030")
    )
    text = propose(load_settings(tmp_path), path, "crm", "opportunities", "gb18030")
    assert 'reader: {"encoding": "gb18030", "records": "data.rows"}' in text and "2 of 2 columns mapped" in text
    assert "'赢单' (2) -> won" in text
