"""Questions that people ask are held against the truth, by rows that can fail."""

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from conftest import Built

from pipelines.bench import readme_answers
from pipelines.bench.questions import answers, build, wrong
from pipelines.bench.questions.asked import QUESTIONS
from pipelines.bench.questions.held import HELD_BY_TESTS, NO_ROW
from pipelines.bench.questions.question import Question, Truth, same
from pipelines.home.settings import REPOSITORY

MEASURED = {"rate", "amount", "duration"}


def test_numbers_agree_within_the_tolerance_and_words_only_as_they_are() -> None:
    assert same([("a", Decimal("1.5"))], [("a", 1.5)]) and not same([("a", 1.5)], [("a", 1.6)])
    assert same([(100.0,)], [(101.0,)], 0.02) and not same([("A",)], [("a",)]) and not same([], [(1,)])


def test_a_wide_tolerance_says_why() -> None:
    with pytest.raises(ValueError, match="reason"):
        Question("C1", "?", "rate", "select 1", lambda world: 1, lambda world: world, tolerance=0.1)


def test_a_world_with_another_table_leaves_the_first_as_it_was(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "facts.parquet")
    world = Truth(tmp_path, date(2026, 1, 1))
    changed = world.with_table("facts", pl.DataFrame({"a": [2]}))
    assert (world["facts"]["a"][0], changed["facts"]["a"][0]) == (1, 2)


def test_every_capability_has_two_questions_a_test_or_a_reason() -> None:
    counts = Counter(question.capability for question in QUESTIONS)
    ids = {f"C{number:02d}" for number in range(1, 98)}
    named = set(HELD_BY_TESTS) | set(NO_ROW)
    assert set(counts) | named == ids and not set(counts) & named
    assert not [capability for capability in ids - named if counts[capability] < 2]
    measured = {question.capability for question in QUESTIONS if question.kind in MEASURED}
    assert not ids - named - measured


def test_a_capability_that_no_row_can_show_names_a_test_that_exists() -> None:
    for place in HELD_BY_TESTS.values():
        path, _, name = place.partition("::")
        assert f"def {name}(" in (REPOSITORY / path).read_text(encoding="utf-8"), place


def test_the_page_of_answers_has_every_question() -> None:
    page = (REPOSITORY / "docs" / "capabilities.md").read_text(encoding="utf-8")
    missing = [question.asks for question in QUESTIONS if f"**{question.capability}** {question.asks}" not in page]
    assert not missing, "almanac bench questions --set out=docs/capabilities.md writes the page anew"


def test_every_question_can_be_asked_of_any_company(built: Built) -> None:
    rows = answers(built.settings.home, list(QUESTIONS))
    answered = [row for row in rows if row["served"]]
    assert len(rows) == len(QUESTIONS) and len(answered) >= 0.95 * len(rows)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the whole sample company, as the README has one make it."""
    home = tmp_path_factory.mktemp("whole")
    build(home)
    return home


@pytest.mark.slow
def test_every_question_is_answered_as_the_truth_has_it_and_fails_on_a_wrong_world(whole: Path) -> None:
    assert wrong(answers(whole, list(QUESTIONS))) == []


@pytest.mark.slow
def test_the_readme_prints_what_its_queries_answer(whole: Path) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert len(readme_answers.PRINTED.findall(text)) >= 7
    assert readme_answers.stale(text, whole) == []


def test_an_answer_that_the_readme_prints_otherwise_is_found(built: Built) -> None:
    query = "```sql\n-- How many?\nselect 1234 as deals, 0.25 as share\n```\n\n"
    page = query + "| deals | share |\n|---|---|\n| 1,234 | {} |\n"
    assert readme_answers.stale(page.format("0.25"), built.settings.home) == []
    assert readme_answers.stale(page.format("0.26"), built.settings.home) == ["-- How many?"]
    assert readme_answers.written(page.format("0.26"), built.settings.home) == page.format("0.25")
