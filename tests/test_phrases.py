"""A reader of another language reads what the tables say, not only the headings above it."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from conftest import REPOSITORY, found

from pipelines.report.phrases import PART, Phrasebook
from pipelines.report.words import languages, load_words

pytestmark = pytest.mark.fast
OTHERS = [language for language in languages() if language != "en"]
STAGES = {"proposal": "Angebot", "lead": "Anfrage", "decision_makers": "Entscheider"}
BOOK = Phrasebook(
    {
        "last contact on {day}": "letzter Kontakt am {day}",
        "stage {stage} asks for: {missing}": "Phase {stage:stage} verlangt: {missing:list}",
        "from {stages}": "aus {stages:terms:stage}",
        "a budget": "ein Budget",
        'Is "{one}" "{other}"?': "Ist „{one}“ „{other}“?",
        "chance {n} %: {reason}": "Aussicht {n} %: {reason:said}",
        "the month waits; {what}": "Der Monat wartet; {what:said}",
    },
    lambda group, code: STAGES.get(code, code) if group == "stage" else code,
    comma=", ",
    semicolon=" | ",
)


@pytest.mark.parametrize(("english", "said"), [
    ("last contact on 2026-10-01", "letzter Kontakt am 2026-10-01"),
    ("stage proposal asks for: a budget, a plan", "Phase Angebot verlangt: ein Budget, a plan"),
    ("from lead, proposal", "aus Anfrage, Angebot"),
    ("from decision makers, no stage", "aus Entscheider, no stage"),
    ("chance 3 %: a budget; last contact on Monday", "Aussicht 3 %: ein Budget | letzter Kontakt am Monday"),
    ("the month waits; a budget", "Der Monat wartet; ein Budget"),
    ("a budget; nobody knows this", "ein Budget | nobody knows this"),
    ("nobody knows this; nor that", "nobody knows this; nor that"),
    ('Is "a budget" "Acme; Berlin"?', "Ist „a budget“ „Acme; Berlin“?"),  # names are nobody's sentences
    ("last contact on a budget", "letzter Kontakt am a budget"),
    ("stage; last contact on Monday", "stage | letzter Kontakt am Monday"),
])  # fmt: skip
def test_a_sentence_is_said_by_its_template_and_an_unknown_one_stays(english: str, said: str) -> None:
    assert BOOK.said(english) == said


@pytest.mark.parametrize("language", OTHERS)
def test_every_rule_of_the_shipped_gates_gives_its_reason_in_every_language(language: str) -> None:
    book = load_words(language)
    suites = found((REPOSITORY / "expectations" / "suites").glob("*/*.yml"))
    reasons = {reason for path in suites for reason in _reasons(yaml.safe_load(path.read_text(encoding="utf-8")))}
    assert len(reasons) > 80
    assert [reason for reason in sorted(reasons) if book.said(reason) == reason] == []


@pytest.mark.parametrize("language", OTHERS)
def test_why_a_model_of_deals_or_leads_serves_is_said_in_every_language(language: str) -> None:
    book = load_words(language)
    for reason in (
        "the win model is better",
        "better than the table out of time",
        "the lead model is better",
        "better than the rate by age out of time",
        "12 won deals, 30 are needed for the win model",
        "the win model needs 9 past periods: to learn from, and to be judged on",
        "the win model gained 0.010 +- 0.020 nats a deal on the table over the last 6 periods: no proof",
        "8 leads and ages became a deal before the test, 50 are needed for the model",
        "the lead model gained 0.001 +- 0.002 nats a lead on the rate by age: no proof",
    ):
        assert book.said(reason) != reason


def test_an_english_page_says_a_code_of_a_sentence_in_words() -> None:
    alert = "opportunity inflow by region: 3 periods from 2026-11-01 on are served as season_mean, which no model beats"
    said = "New deals by region: 3 periods from 2026-11-01 on are served as mean of the last year, which no model beats"
    assert load_words("en").said(alert) == said


@pytest.mark.parametrize("language", OTHERS)
def test_a_phrase_uses_no_part_that_its_sentence_lacks(language: str) -> None:
    phrases = load_words(language).catalogue["phrases"]
    assert len(phrases) > 100
    for english, said in phrases.items():
        used = {name.partition(":")[0] for name in _parts(said)}
        assert used <= set(PART.findall(english)), english


def _parts(said: str) -> list[str]:
    return [piece.partition("}")[0] for piece in said.split("{")[1:]] if "{const" not in said else []


def _reasons(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from [" ".join(value.split())] if key == "because" else _reasons(value)
    elif isinstance(content, list):
        for value in content:
            yield from _reasons(value)
