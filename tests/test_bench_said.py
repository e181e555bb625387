"""What was said and what is said now: the page has every figure, and tests hold what no figure can show."""

import re
from pathlib import Path

import duckdb
import pytest

from pipelines.bench import said
from pipelines.bench.said import markdown
from pipelines.bench.said_figures import FIGURES, HELD, Figure, Held

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.fast


def test_the_page_has_every_figure_and_none_is_outside_its_bound() -> None:
    page = (ROOT / "docs" / "truth.md").read_text(encoding="utf-8")
    for figure in FIGURES:
        assert f"| {figure.number} | {figure.name} | {figure.before} |" in page
    assert "not yet:" not in page


@pytest.mark.parametrize("tested", HELD, ids=lambda tested: tested.name)
def test_what_no_figure_shows_is_held_by_a_test(tested: Held) -> None:
    path, name = tested.test.split("::")
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("share of actuals above the median, one to three months ahead; n", (0.7, 1794)),
        ("next month's bookings of all reps, beside the company's", (2.0,)),
        ("dormant customers with an open deal", (21,)),
        ("deals that know their last contact", (0, 6060)),
        ("revenue of the table less that of customers, and of rows that say why", (4991.0, 0.0)),
        ("invoices of all customers, and invoices that have one", (0, 0)),
        (
            "columns of the mean over cutoffs that are called wape, and of these those that say their right name",
            (0, 0),
        ),
    ],
)
def test_what_was_said_at_first_is_outside_the_bound(name: str, row: tuple[float, ...]) -> None:
    [figure] = [figure for figure in FIGURES if figure.name == name]
    assert not figure.holds(*row)


def test_a_figure_outside_its_bound_is_marked() -> None:
    row = {"number": "8", "figure": "share", "before": ".7", "now": "0.69", "holds": False, "sql": "select 0.69"}
    assert "| 8 | share | .7 | **not yet:** 0.69 |" in markdown([row])


def test_a_figure_that_nobody_can_tell_does_not_hold(tmp_path: Path) -> None:
    served = tmp_path / "almanac.duckdb"
    with duckdb.connect(str(served)) as connection:
        connection.execute("create schema s; create table s.t as select null::double as y")
    figure = Figure("0", "share", ".7", "select y, 3 from s.t", "{0:.3f} of {1}", lambda share, n: share > 0 and n > 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(said, "FIGURES", (figure,))
        [row] = said.said(served)
    assert (row["now"], row["holds"]) == ("none of 3", False)
