"""What was asked is remembered: by published runs alone, as of their days, and without whoever is forgotten."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from gate_homes import execute, home, start
from ingest_world import World

from pipelines import reviews
from pipelines.contracts import load_contracts
from pipelines.home import state
from pipelines.home.runs import Run
from pipelines.home.settings import Settings
from pipelines.ingest.erasure.erase import forget

pytestmark = pytest.mark.fast
FIRST, SECOND, THIRD = date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)


def night(settings: Settings, day: date, *asked: str, gone: str = "", outcome: str = "published") -> Run:
    """A run that asks about some subjects, no longer finds others, and ends as told."""
    run = start(settings, f"run {day}", as_of=day)
    execute(settings, "create schema if not exists outlook", "drop table if exists outlook.review_queue")
    rows = [f"('{subject}', null::varchar)" for subject in asked] + ([f"('{gone}', 'gone')"] if gone else [])
    execute(
        settings,
        "create table outlook.review_queue as select subject as review_id, 'same_customer' as kind, subject, "
        "'Are \"Ann Lee\" and \"B\" one customer?' as question, 'steward' as owner, 'rule' as owner_source, "
        f"date '{day}' as opened_on, 1.0 as priority, outcome_code from (values {', '.join(rows)}) "
        "as asked(subject, outcome_code) where subject is not null",
    )
    reviews.remember(settings, run)
    ended = {"run_id": run.run_id, "outcome": outcome, "as_of": day, "finished_at": run.started_at}
    state.append(settings, "runs", run.run_id, pl.DataFrame([ended]))
    return run


def known(settings: Settings, day: date) -> dict[str, tuple[str, date]]:
    """Subject to its last event and day, as a run of that day reads them."""
    run = start(settings, "reader", as_of=day)
    rows = reviews.last_events(settings, run).select("subject", "event", "as_of").iter_rows()
    return {subject: (event, seen_on) for subject, event, seen_on in rows}


def test_a_question_is_asked_once_and_its_going_is_dated_by_the_first_run_that_misses_it(tmp_path: Path) -> None:
    settings = home(tmp_path)
    night(settings, FIRST, "crm|1|erp|2", "crm|3|erp|4")
    night(settings, SECOND, "crm|1|erp|2", gone="crm|3|erp|4")
    night(settings, THIRD, "crm|1|erp|2", gone="crm|3|erp|4")
    assert state.read(settings, reviews.LOG).height == 3
    assert known(settings, THIRD) == {"crm|1|erp|2": ("asked", FIRST), "crm|3|erp|4": ("gone", SECOND)}


def test_a_question_that_comes_back_is_open_again(tmp_path: Path) -> None:
    settings = home(tmp_path)
    night(settings, FIRST, "crm|1|erp|2")
    night(settings, SECOND, gone="crm|1|erp|2")
    night(settings, THIRD, "crm|1|erp|2")
    assert known(settings, THIRD) == {"crm|1|erp|2": ("asked", THIRD)}


def test_a_past_day_knows_nothing_of_what_was_asked_later(tmp_path: Path) -> None:
    settings = home(tmp_path)
    night(settings, FIRST, "crm|1|erp|2")
    night(settings, THIRD, "crm|5|erp|6", gone="crm|1|erp|2")
    assert known(settings, SECOND) == {"crm|1|erp|2": ("asked", FIRST)}


def test_a_run_that_a_gate_stopped_has_asked_nobody(tmp_path: Path) -> None:
    settings = home(tmp_path)
    night(settings, FIRST, "crm|1|erp|2", outcome="blocked")
    assert known(settings, SECOND) == {}
    night(settings, SECOND, "crm|1|erp|2")
    assert known(settings, THIRD) == {"crm|1|erp|2": ("asked", SECOND)}


def test_a_run_does_not_read_what_it_has_asked_itself(tmp_path: Path) -> None:
    settings = home(tmp_path)
    run = night(settings, FIRST, "crm|1|erp|2")
    assert reviews.last_events(settings, run).is_empty()
    reviews.load(settings, run)


@pytest.mark.parametrize("person", ["ann lee", "Tuo"])
def test_whoever_is_forgotten_is_quoted_in_no_question(tmp_path: Path, person: str) -> None:
    settings = home(tmp_path)
    night(settings, FIRST, "crm|1|erp|name:tuo")
    forget(settings, {}, person, "forget")
    assert state.read(settings, reviews.LOG).is_empty()


@pytest.mark.parametrize("person", ["Ann", "1", "crm"])
def test_a_question_about_others_stays(tmp_path: Path, person: str) -> None:
    settings = home(tmp_path)
    night(settings, FIRST, "crm|1|erp|2")
    forget(settings, {}, person, "forget")
    assert state.read(settings, reviews.LOG).height == 1


PRACTICE = """
system: practice
title: Practice
timezone: UTC
objects:
  - object: accounts
    files: "patients.csv"
    exported_at: {on: 2024-01-31}
    key: [account_id]
    pii: {account_name: drop}
    columns:
      account_id: ID
      account_name: Name
"""


def test_a_removed_record_takes_the_questions_about_itself_and_none_of_another_system(tmp_path: Path) -> None:
    world = World(tmp_path).contract(PRACTICE)
    world.put("patients.csv", "ID,Name\n1,Eve\n2,Cy\n")
    world.run()
    night(world.settings, FIRST, "crm|1|practice|2", "crm|7|practice|1", "crm|1|practice1|12")
    forget(world.settings, load_contracts(world.settings.sources), "Eve", "forget")
    kept = state.read(world.settings, reviews.LOG)["subject"].sort().to_list()
    assert kept == ["crm|1|practice1|12", "crm|1|practice|2"]
