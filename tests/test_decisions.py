"""A filled-in review workbook in the inbox becomes rows of the policy: once, with who and when, and cell by cell."""

import csv
import hashlib
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from ingest_world import HEADER, World
from openpyxl import load_workbook
from report_world import published, status_file

from pipelines import inputs, job
from pipelines.decisions import log
from pipelines.decisions import take as taking
from pipelines.decisions.forget import forget
from pipelines.home import warehouse
from pipelines.home.answer_files import MARKER_SHEET
from pipelines.home.settings import Settings, load_settings
from pipelines.report.review_book import write_review_book
from pipelines.report.served import opened
from pipelines.report.unmapped_words import unmapped_words, words_of
from pipelines.report.words import load_words

pytestmark = pytest.mark.fast

NOON = datetime(2026, 11, 2, 12)
REVIEWS = [
    ("same_customer", "crm|1|erp|2"),
    ("contradictory_status", "D7"),
    ("duplicate_deal", "D1|D2"),
    ("same_customer", "crm|1|erp|9"),
]
WORD = {"source_system": "crm", "vocabulary": "stages", "word": "Handshake", "row_count": 3, "proposed_code": "won"}
FORECASTS = [
    {"metric": "bookings", "period_start": date(2026, month, 1), "yhat": 3_510_000.0, "lo_80": 2.5e6, "hi_80": 4.5e6}
    | {"model": "pool"}
    for month in (11, 12)
]
Fill = dict[str, object]


def review_id(kind: str, subject: str) -> str:
    return hashlib.md5(f"{kind}|{subject}".encode()).hexdigest()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config" / "seeds").mkdir(parents=True)
    made = load_settings(tmp_path / "home", config=tmp_path / "config")
    made.inbox.mkdir(parents=True)
    with warehouse.write(made) as connection:
        connection.execute(
            "create table resolved.customer_map as from (values ('crm', '1', 'C1'), ('erp', '2', 'C2'), "
            "('erp', 'a|b', 'C3')) as map(source_system, source_id, customer_id)"
        )
    return made


def drop(
    settings: Settings, cells: Fill, *, name: str = "back.xlsx", language: str = "en", reviews: list = REVIEWS
) -> Path:
    """A fresh workbook with these cells filled in, in the inbox. Cells of other sheets: `words!F2`, `forecasts!G2`."""
    rows = [
        {"review_id": review_id(kind, subject), "kind": kind, "question": "?", "priority": 1.0, "subject": subject}
        | {"suggested_owner": None, "evidence": "{}"}
        for kind, subject in reviews
    ]
    words = load_words(language)
    path = settings.inbox / name
    write_review_book(path, rows, [WORD], FORECASTS, {"stages": ["lead", "won"]}, "run-one", words, NOON)
    book = load_workbook(path)
    for place, value in cells.items():
        sheet, _, cell = place.rpartition("!")
        book[words.say(f"workbook.{sheet or 'reviews'}")][cell] = value
    book.save(path)
    return path


def seed(settings: Settings, name: str) -> list[dict[str, str]]:
    assert settings.config
    path = settings.config / "seeds" / f"{name}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


SAME: Fill = {"H2": "same customer", "J2": "one tax id", "K2": "mei", "L2": datetime(2026, 11, 1)}
CLOSED: Fill = {"H3": "closed", "J3": "closed in the CRM", "K3": "li", "L3": "2026/11/1"}
OWNER: Fill = {"I4": "wang", "K4": "li"}
ACCEPT: Fill = {"words!F2": "accept the proposed code", "words!H2": "mei"}


def test_answers_become_rows_of_the_policy_with_who_and_when(settings: Settings) -> None:
    drop(settings, SAME | CLOSED | OWNER | ACCEPT)
    taken = taking.take(settings, NOON)
    assert taken == taking.Taken(taken_count=4)
    assert list(seed(settings, "match_overrides")[-1].values()) == [
        "crm", "1", "erp", "2", "same", "mei", "2026-11-01", "one tax id",
    ]  # fmt: skip
    by_id = {row["review_id"]: row for row in seed(settings, "review_decisions")}
    closed, owned = (by_id[review_id(*REVIEWS[number])] for number in (1, 2))
    assert (closed["status"], closed["decided_by"], closed["decided_on"]) == ("closed", "li", "2026-11-01")
    assert (owned["status"], owned["owner"], owned["decided_on"]) == ("open", "wang", "2026-11-02")
    word = seed(settings, "stage_words")[-1]
    assert (word["word"], word["source_system"], word["canonical"]) == ("Handshake", "crm", "won")
    kept = log.read(settings)
    assert kept["decided_by"].to_list() == ["mei", "li", "li", "mei"]
    assert kept["cell"].to_list() == ["H2", "H3", "H4", "F2"]


def test_a_chinese_workbook_says_the_same(settings: Settings) -> None:
    drop(settings, {"H2": "不是同一客户", "J2": "两家工厂", "K2": "梅"}, language="zh")
    assert taking.take(settings, NOON) == taking.Taken(taken_count=1)
    assert seed(settings, "match_overrides")[-1]["decision"] == "not_same"


def test_the_same_answers_come_in_once(settings: Settings) -> None:
    drop(settings, SAME | CLOSED | OWNER | ACCEPT)
    assert len(taking.waiting(settings)) == 1
    taking.take(settings, NOON)
    policy = {name: seed(settings, name) for name in ("match_overrides", "review_decisions", "stage_words")}
    assert taking.waiting(settings) == [] and taking.take(settings, NOON) is None  # the same file
    drop(settings, SAME | CLOSED | OWNER | ACCEPT | {"A9": "saved anew"}, name="copy.xlsx")
    assert taking.take(settings, NOON.replace(day=3)) == taking.Taken(known_count=4)  # the same answers
    assert policy == {name: seed(settings, name) for name in policy}


BAD_CELLS: list[tuple[Fill, str, str]] = [
    ({"H3": "whatever"}, "H3", "'whatever' is none of closed, open"),
    ({"H3": "same customer"}, "H3", "'same customer' is none of"),  # a word of another kind of question
    ({"K3": None}, "K3", "say who decided"),
    ({"J3": None}, "J3", "say why"),
    ({"L3": "yesterday"}, "L3", "'yesterday' is not a day"),
    ({"L3": "2026-12-24"}, "L3", "later than today"),
    ({"H3": None}, "H3", "is empty, though the row has other answers"),
    ({"H3": "stays open"}, "I3", "needs an owner"),
    ({"E3": "D8"}, "A3", "do not belong together"),
]


@pytest.mark.parametrize(("change", "cell", "message"), BAD_CELLS)
def test_a_bad_cell_is_refused_by_its_place_and_nothing_else_is_lost(
    settings: Settings, change: Fill, cell: str, message: str
) -> None:
    drop(settings, SAME | CLOSED | OWNER | change)
    taken = taking.take(settings, NOON)
    assert taken and taken.taken_count == 2
    (refusal,) = taken.refusals
    assert refusal.startswith(f"back.xlsx, Reviews, {cell}: ") and message in refusal
    assert log.latest_refusals(settings) == [refusal]
    assert {row["owner"] for row in seed(settings, "review_decisions")} == {"wang"}
    drop(settings, SAME | CLOSED | OWNER)  # corrected
    assert taking.take(settings, NOON.replace(hour=13)) == taking.Taken(taken_count=1, known_count=2)
    assert log.latest_refusals(settings) == []


def test_records_that_nobody_knows_and_codes_that_do_not_exist_are_refused(settings: Settings) -> None:
    unknown: Fill = {"H5": "same customer", "J5": "x", "K5": "mei"}
    drop(settings, unknown | {"words!F2": "use the other code", "words!G2": "wonn", "words!H2": "mei"})
    taken = taking.take(settings, NOON)
    assert taken and taken.taken_count == 0
    assert [text.split(": ")[0] for text in taken.refusals] == ["back.xlsx, Reviews, E5", "back.xlsx, Words, G2"]
    assert "'wonn' is no code of stages" in taken.refusals[1]


def test_an_id_may_hold_the_separator(settings: Settings) -> None:
    reviews = [("same_customer", "crm|1|erp|a|b")]
    drop(settings, {"H2": "same", "J2": "x", "K2": "mei"}, reviews=reviews)
    assert taking.take(settings, NOON) == taking.Taken(taken_count=1)
    assert seed(settings, "match_overrides")[-1]["source_id_r"] == "a|b"


def test_an_older_answer_does_not_undo_a_newer_one(settings: Settings) -> None:
    drop(settings, CLOSED | {"L3": "2026-11-01"})
    taking.take(settings, NOON)
    drop(settings, {"H3": "open", "I3": "wang", "K3": "li", "L3": "2026-10-30"}, name="late.xlsx")
    taken = taking.take(settings, NOON)
    assert taken and taken.refusals == ("late.xlsx, Reviews, L3: li decided otherwise on 2026-11-01, which is later",)


def renamed(path: Path) -> None:
    book = load_workbook(path)
    book["Reviews"].title = "Mine"
    book.save(path)


def without_heads(path: Path) -> None:
    book = load_workbook(path)
    book["Reviews"].delete_rows(1)
    book.save(path)


@pytest.mark.parametrize(("damage", "message"), [(renamed, "'Reviews' is missing"), (without_heads, "has no column")])
def test_a_workbook_that_lost_its_form_is_refused_whole(
    settings: Settings, damage: Callable[[Path], None], message: str
) -> None:
    damage(drop(settings, SAME))
    taken = taking.take(settings, NOON)
    assert taken and message in taken.refusals[0] and seed(settings, "match_overrides") == []


def test_without_a_policy_of_ones_own_nothing_is_written_and_no_run_is_asked_for(settings: Settings) -> None:
    shipped = load_settings(settings.home)
    drop(shipped, SAME)
    assert taking.waiting(shipped) == []
    taken = taking.take(shipped, NOON)
    assert taken and "almanac init" in taken.refusals[0]


def test_a_review_workbook_is_no_export_and_is_a_reason_to_run(settings: Settings) -> None:
    drop(settings, SAME, name="fxiaoke_deals.xlsx")
    assert inputs.look(settings)[0] == [] and len(inputs.answers_waiting(settings)) == 1
    assert inputs.fingerprint([], inputs.answers_waiting(settings)) != inputs.fingerprint([])
    said: list[str] = []
    job.ingest_exports(settings, said.append)
    assert "decisions: 1 taken, 0 known, 0 refused" in said
    with warehouse.read(settings) as connection:
        assert connection.execute("select count(*) from control.files").fetchall() == [(0,)]


def test_unknown_words_of_a_rejected_file_stand_in_the_workbook(tmp_path: Path) -> None:
    """The sentence of a refusal and what is read out of it belong together."""
    world = World(tmp_path / "world").contract()
    odd = '"it\'s ""new""; odd"'
    world.put("deals_20240131.csv", f"{HEADER}1,a,Prospectin,1,\n2,b,Prospectin,1,\n3,c,{odd},1,\n")
    outcome = world.run().files[0]
    assert outcome["reason_code"] == "unmapped_word"
    found = {word: (seed, count, proposed) for seed, word, count, proposed in words_of(outcome["reason"])}
    assert found["Prospectin"] == ("stage_words", 2, "lead")
    assert found['it\'s "new"; odd'][:2] == ("stage_words", 1)
    status = status_file(tmp_path)
    with duckdb.connect(str(status)) as connection:
        connection.execute("create table quality.files (source_system text, path text, status text, reason_code text,"
                           " reason text)")  # fmt: skip
        row = ["crm", "deals.csv", "rejected", outcome["reason_code"], outcome["reason"]]
        connection.execute("insert into quality.files values (?, ?, ?, ?, ?)", row)
    with opened(published(tmp_path), status) as served:
        assert unmapped_words(served)[0]["row_count"] == 2


APPROVED: Fill = {"forecasts!G2": 3_300_000, "forecasts!H2": "one large deal will slip", "forecasts!I2": "Ms Li"}


def approved(settings: Settings) -> list[tuple[str, ...]]:
    names = ("metric", "period_start", "amount", "decided_by", "decided_on")
    return [tuple(row[name] for name in names) for row in seed(settings, "approved_forecasts")]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_approved_forecast_comes_back_once_with_who_and_when(settings: Settings, language: str) -> None:
    drop(settings, APPROVED | {"forecasts!J2": datetime(2026, 11, 1)}, language=language)
    assert taking.take(settings, NOON) == taking.Taken(taken_count=1)
    first = ("bookings", "2026-11-01", "3300000.00", "Ms Li", "2026-11-01")
    assert approved(settings) == [first]
    drop(settings, APPROVED, name="again.xlsx", language=language)
    assert taking.take(settings, NOON) == taking.Taken(known_count=1) and approved(settings) == [first]
    drop(settings, APPROVED | {"forecasts!G2": "3,100,000"}, name="lower.xlsx", language=language)
    assert taking.take(settings, NOON) == taking.Taken(taken_count=1)
    assert approved(settings) == [first, ("bookings", "2026-11-01", "3100000.00", "Ms Li", "2026-11-02")]
    assert log.read(settings)["cell"].to_list() == ["G2"] * 3


def test_who_is_forgotten_decided_nothing_that_is_kept_under_their_name(settings: Settings) -> None:
    drop(settings, APPROVED | {"forecasts!J2": datetime(2026, 11, 1)})
    drop(settings, APPROVED | {"forecasts!G2": "3,100,000", "forecasts!I2": "Ms Wu"}, name="other.xlsx")
    taking.take(settings, NOON)
    assert [path.name for path in forget(settings, " ms li")] == ["approved_forecasts.csv"]
    assert [row[3] for row in approved(settings)] == ["forgotten", "Ms Wu"]
    assert sorted(log.read(settings)["decided_by"]) == ["Ms Wu", "forgotten"]
    kept = [path.read_bytes() for path in (settings.landing / "decisions").glob("*.xlsx")]
    assert len(kept) == 1
    assert forget(settings, "Ms Li") == []


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"forecasts!G2": "about three"}, "Forecasts to approve, G2: 'about three' is not an amount"),
        ({"forecasts!G2": None}, "Forecasts to approve, G2: is empty"),
        ({"forecasts!I2": None}, "Forecasts to approve, I2: is empty: say who decided"),
        ({"forecasts!B2": datetime(2026, 10, 1)}, "Forecasts to approve, B2: 2026-10-01 is no month that is still"),
        ({"forecasts!A2": "Luck"}, "Forecasts to approve, A2: 'Luck' was changed"),
        ({"forecasts!J2": "2026-11-03"}, "Forecasts to approve, J2: 2026-11-03 is later than today"),
    ],
)
def test_a_number_that_cannot_be_approved_is_refused_by_its_cell_and_the_rest_is_taken(
    settings: Settings, cells: Fill, told: str
) -> None:
    drop(settings, SAME | APPROVED | {"forecasts!G3": 3_000_000, "forecasts!I3": "Ms Li"} | cells)
    taken = taking.take(settings, NOON)
    assert taken and taken.taken_count == 2 and len(taken.refusals) == 1
    assert told in taken.refusals[0]
    assert approved(settings) == [("bookings", "2026-12-01", "3000000.00", "Ms Li", "2026-11-02")]


def test_a_number_of_an_earlier_day_does_not_undo_a_later_one(settings: Settings) -> None:
    drop(settings, APPROVED)
    drop(settings, APPROVED | {"forecasts!G2": 9, "forecasts!J2": "2026-11-01"}, name="old.xlsx")
    taken = taking.take(settings, NOON)
    assert taken and "Ms Li approved 3300000.00 on 2026-11-02" in taken.refusals[0]
    assert [row[2] for row in approved(settings)] == ["3300000.00"]


def test_a_workbook_from_before_that_sheet_is_still_read(settings: Settings) -> None:
    path = drop(settings, SAME)
    book = load_workbook(path)
    del book["Forecasts to approve"]
    marker = book[MARKER_SHEET]
    marker.delete_rows(next(row[0].row for row in marker.iter_rows() if row[0].value == "forecasts"))
    book.save(path)
    assert taking.take(settings, NOON) == taking.Taken(taken_count=1)
