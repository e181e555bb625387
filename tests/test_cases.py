"""Small files from the field are read as a person reads them, or asked about; how the two are told apart."""

from pathlib import Path

import pytest

from pipelines.bench.cases import failure, folder_of_cases, run, table
from pipelines.bench.cases.verdict import Asked, OneOf, judged, worst

pytestmark = pytest.mark.fast


def test_a_value_is_right_asked_about_empty_or_wrong() -> None:
    values = judged([1, 2, 3, 4], [1, Asked("which?"), None, 5])
    assert dict(values) == {"right": 1, "asked": 1, "null": 1, "wrong": 1}
    assert (worst(values), worst(judged([1, 2], [1, None]))) == ("wrong", "null")


def test_a_refusal_stands_for_each_value_and_a_lost_row_is_wrong() -> None:
    assert dict(judged([(1, 2), (3, 4)], Asked("no"))) == {"asked": 4}
    assert dict(judged([(1, 2), (3, 4)], [(1, 2)])) == {"wrong": 1}
    assert dict(judged({"a": 1, "b": [2, 3]}, {"a": 1, "b": Asked("?")})) == {"right": 1, "asked": 2}


def test_where_several_values_are_right_no_other_is() -> None:
    assert [worst(judged(OneOf((1, None)), got)) for got in (1, None, 2)] == ["right", "right", "wrong"]


def test_without_the_cases_the_command_says_so_and_passes(tmp_path: Path) -> None:
    figures = run(folder=str(tmp_path / "absent"))
    assert "ALMANAC_CASES" in table(figures) and not failure(figures)


@pytest.mark.slow
def test_no_file_to_forecast_is_forecast_wrong() -> None:
    if not folder_of_cases().is_dir():
        pytest.skip(f"the cases are not at {folder_of_cases()} (set ALMANAC_CASES)")
    assert run(kind="forecast")["wrong"] == []


def test_no_value_of_an_export_is_wrong() -> None:
    if not folder_of_cases().is_dir():
        pytest.skip(f"the cases are not at {folder_of_cases()} (set ALMANAC_CASES)")
    assert run(kind="ingest")["wrong"] == []
