"""What a sample says of a column's cells, and how well they fit a canonical column, each at its bound."""

import polars as pl
import pytest
from proposal_table import WORDS, sample

from pipelines.contracts import CanonicalColumn
from pipelines.ingest.proposals.column_values import SAMPLE_CELLS, ColumnSample, fit_score

pytestmark = pytest.mark.fast
DIGESTS = tuple(f"{n:032x}" for n in range(5))


def codes(count: int, *others: str) -> tuple[str, ...]:
    return (*(f"A{n}" for n in range(count)), *others)


def score(name: str, cells: tuple[str, ...], **declared: str) -> float:
    column = CanonicalColumn.model_validate({"type": "text", "about": "A column.", **declared})
    return fit_score(sample(*cells), name, column, WORDS)


def test_a_sample_holds_the_filled_cells_and_their_rows() -> None:
    cells = ColumnSample.of(pl.Series(["a", None, " b ", "", "NULL", "a"]))
    assert cells.texts == ("a", "b", "a")
    assert cells.rows == {0, 2, 5}
    assert cells.values == {"a", "b"}
    assert cells.distinct_share == pytest.approx(2 / 3)


def test_the_first_three_hundred_cells_are_looked_at_and_all_are_counted() -> None:
    numbers = [str(n) for n in range(SAMPLE_CELLS)]
    exactly = ColumnSample.of(pl.Series(numbers))
    assert SAMPLE_CELLS == len(exactly.texts) == 300 and exactly.whole is None
    longer = ColumnSample.of(pl.Series([*numbers, " 7 ", "x"]))
    assert len(longer.texts) == 300 and len(longer.values) == 301
    assert longer.distinct_share == pytest.approx(301 / 302) and not longer.is_unique
    nearly_empty = pl.Series(["", None, " "] * 100 + ["a", "N/A"])
    assert ColumnSample.of(nearly_empty).values == {"a"}
    assert ColumnSample.of(nearly_empty.head(301)).distinct_share == 1
    assert ColumnSample.of(pl.Series([""] * 301)).distinct_share == 0


def test_a_column_without_cells_contradicts_nothing() -> None:
    empty = sample("", "-")
    assert empty.share(str.isdigit) == empty.date_share == empty.number_share == empty.distinct_share == 1
    assert not (empty.is_masked or empty.is_unique or empty.is_coded or empty.is_email)


def test_shares_are_of_the_filled_cells() -> None:
    cells = sample("2024-01-05", "12", "x", "", "05.01.2024")
    assert cells.share(str.isdigit) == 0.25
    assert cells.date_share == 0.5
    assert cells.number_share == 0.5


@pytest.mark.parametrize(
    ("quality", "cells", "holds"),
    [
        ("is_masked", (*DIGESTS[:3], "a", "b"), False),
        ("is_masked", (*DIGESTS[:4], "a"), True),
        ("is_email", ("a@x.com", "b@x.com"), False),
        ("is_email", ("a@x.com", "b@x.com", "c@x.com"), True),
        ("is_email", ("a@x.com", "b@x.com", "c@x.com", "d", "e"), False),
        ("is_unique", ("a", "b"), True),
        ("is_unique", ("a", "b", "a"), False),
        ("is_coded", codes(49, "a b"), False),
        ("is_coded", codes(50, "a b"), True),
        ("is_coded", codes(49, "1.50"), True),
        ("is_coded", codes(48, "1.50"), False),
        ("is_coded", ("1.50", "2.50"), False),
    ],
)
def test_a_quality_of_a_column_is_that_of_most_of_its_cells(quality: str, cells: tuple[str, ...], holds: bool) -> None:
    assert getattr(sample(*cells), quality) is holds


@pytest.mark.parametrize(
    ("name", "declared", "cells", "expected"),
    [
        ("amount", {"type": "decimal"}, ("", "-"), 0.97),
        ("closed_on", {"type": "date"}, ("2024-01-05", "2024-01-06"), 1.0),
        ("closed_on", {"type": "date"}, ("2024-01-05", "soon"), 0.85),
        ("closed_at", {"type": "timestamp"}, ("2024-01-05", "soon", "late", "x", "2024-01-06"), 0.4),
        ("is_active", {"type": "boolean"}, ("Yes",) * 7 + ("new",) * 3, 0.66),
        ("is_active", {"type": "boolean"}, ("Yes",) * 4 + ("no",) * 4 + ("new",) * 2, 1.0),
        ("amount", {"type": "decimal"}, ("1", "2", "3", "x"), 0.925),
        ("amount", {"type": "decimal"}, ("1", "x", "y", "z"), 0.25),
        ("amount", {"type": "decimal"}, ("05.01.2024",) * 4 + ("1",), 1.0),
        ("amount", {"type": "decimal"}, ("05.01.2024",) * 5, 0.6),
        ("account_name", {}, DIGESTS, 0.92),
        ("currency", {}, ("EUR", "Dollar", "USD/t", "x"), 0.75),
        ("base_currency", {}, ("EUR", "x"), 0.5),
        ("sold_in", {"map": "currencies"}, ("EUR", "x"), 0.5),
        ("stage", {"map": "stages"}, ("won", "x"), 0.875),
        ("status", {"map": "statuses"}, ("won", "open", "x", "y"), 0.75),
    ],
)
def test_values_fit_a_type_or_a_list_of_words(
    name: str, declared: dict[str, str], cells: tuple[str, ...], expected: float
) -> None:
    assert score(name, cells, **declared) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("email", ("a@x.com; b@x.com", "c@x.com", "x"), 2 / 3),
        ("phone", (" +49 30 1234", "030/12345, 2"), 1.0),
        ("website", ("https://a.example/b", "a b"), 0.5),
        ("account_id", ("12.50", "7.25", "A1"), 0.4),
        ("account_id", ("12.50", "A1"), 1.0),
        ("account_id", ("17850.0", "17851.0"), 1.0),
        ("account_id", ("A1", "Ann"), 1.0),
        ("account_id", ("A1", "Ann", "Bob"), 0.64),
        ("account_id", ("ALFKI",) * 9 + ("Ann",), 0.64),
        ("account_id", ("ALFKI",) * 10 + ("Ann",), 1.0),
        ("tax_id", ("12.50", "7.25"), 0.6),
        ("tax_id", ("none known", "asked for"), 1.0),
        ("subject", ("2024-01-05",) * 7 + ("a",) * 3, 1.0),
        ("subject", ("2024-01-05",) * 8 + ("a",) * 2, 0.5),
        ("subject", ("True",) * 4 + ("a",), 1.0),
        ("subject", ("True",) * 3 + ("false",) * 2, 0.4),
        ("line_number", ("1", "2", "3", "a", "b"), 0.5),
        ("line_number", ("1", "2.0", "3", "10", "b"), 1.0),
        ("country", ("Germany", "FR", "Ulm"), 1.0),
        ("country", ("Germany", "Ulm"), 0.9),
        ("city", ("Germany", "FR", "Ulm"), 0.9),
        ("city", ("Germany", "Ulm"), 1.0),
        ("account_name", ("yes", "no", "x", "ja", "Ann"), 1.0),
        ("account_name", ("yes", "no", "x", "ja", "nein"), 0.4),
        ("author", ("17", "18", "19", "20", "Ann"), 1.0),
        ("approver", ("17", "18", "19,5", "20", "-21"), 0.5),
        ("requested_by", ("A100", "A101", "A102", "A103", "A104"), 0.62),
        ("requested_by", ("A100", "A101", "A102", "A103", "Ann"), 1.0),
        ("kind", ("A100", "A101", "A102", "A103", "A104"), 1.0),
        ("subject", ("1.50", "Ann"), 1.0),
        ("subject", ("1.50", "2.50", "Ann"), 0.6),
    ],
)
def test_text_fits_what_the_columns_name_promises(name: str, cells: tuple[str, ...], expected: float) -> None:
    assert score(name, cells) == pytest.approx(expected)


@pytest.mark.parametrize(("good", "expected"), [(5, 0.85), (4, 0.4)])
def test_half_of_the_cells_must_fit_before_the_others_are_forgiven(good: int, expected: float) -> None:
    assert score("amount", ("1",) * good + ("x",) * (10 - good), type="number") == pytest.approx(expected)
