"""Served tables as files of other programs: the same values, with labels; a missing library is one line."""

import csv
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from report_world import published

from pipelines.errors import AlmanacError
from pipelines.report.extracts import write_extract
from pipelines.report.served import Served, opened
from pipelines.report.words import load_words

pytestmark = pytest.mark.fast

MORE = """
create table outlook.odd as select '=1+1, "x"
y' as note, [1, 2] as list, 1.50::decimal(9, 2) as amount, true as is_won, date '2026-01-31' as closed_on,
    timestamp '2026-01-31 08:00' as seen_at, null::bigint as deal_count;
comment on column outlook.odd.amount is 'Amount in base currency.';
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with opened(published(tmp_path, MORE)) as found:
        yield found


def test_a_csv_holds_the_rows_whatever_characters_they_have(tmp_path: Path, served: Served) -> None:
    path = write_extract(tmp_path / "out", served, "outlook.odd", "csv", load_words("en"))
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["note", "list", "amount", "is_won", "closed_on", "seen_at", "deal_count"]
    assert rows[1][0] == '=1+1, "x"\ny' and rows[1][2:5] == ["1.5", "True", "2026-01-31"] and rows[1][6] == ""
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(("language", "label", "word"), [("en", "Severity", "warning"), ("zh", "严重程度", "警告")])
def test_spss_gets_labels_of_columns_and_codes(
    tmp_path: Path, served: Served, language: str, label: str, word: str
) -> None:
    pyreadstat = pytest.importorskip("pyreadstat", reason="the extra `spss` is not installed")
    path = write_extract(tmp_path / "out", served, "outlook.alerts", "sav", load_words(language))
    frame, meta = pyreadstat.read_sav(str(path))
    labels = dict(zip(meta.column_names, meta.column_labels, strict=True))
    assert labels["severity"] == label and meta.variable_value_labels["severity"] == {"warning": word}
    assert frame["happened_on"][0] == date(2026, 4, 30) and frame["value"][0] == 0.5
    path = write_extract(tmp_path / "out", served, "outlook.odd", "sav", load_words(language))
    frame, meta = pyreadstat.read_sav(str(path))
    assert frame["amount"][0] == 1.5 and set(meta.variable_value_labels["is_won"]) == {0, 1}
    assert dict(zip(meta.column_names, meta.column_labels, strict=True))["seen_at"] == "seen_at"


def test_tableau_opens_the_extract_with_its_types(tmp_path: Path, served: Served) -> None:
    api = pytest.importorskip("tableauhyperapi", reason="the extra `tableau` is not installed")
    path = write_extract(tmp_path / "out", served, "outlook.odd", "hyper", load_words("en"))
    telemetry = api.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    with (
        api.HyperProcess(telemetry, parameters={"log_config": ""}) as engine,
        api.Connection(engine.endpoint, path) as db,
    ):
        assert db.execute_scalar_query('select "amount" from "outlook"."odd"') == 1.5
        assert str(db.execute_scalar_query('select "closed_on" from "outlook"."odd"')) == "2026-01-31"


@pytest.mark.parametrize(("ending", "library", "extra"), [
    ("sav", "pyreadstat", "spss"), ("hyper", "tableauhyperapi", "tableau"),
])  # fmt: skip
def test_a_missing_library_is_one_line_that_says_how_to_get_it(
    tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch, ending: str, library: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(AlmanacError, match=rf"\.{ending} needs {library}: pip install .*\[{extra}\]") as told:
        write_extract(tmp_path / "out", served, "outlook.odd", ending, load_words("en"))
    assert "\n" not in str(told.value) and not (tmp_path / "out").exists()


def test_a_table_that_is_not_served_is_named(tmp_path: Path, served: Served) -> None:
    with pytest.raises(AlmanacError, match=r"raw\.accounts is not served"):
        write_extract(tmp_path / "out", served, "raw.accounts", "csv", load_words("en"))
