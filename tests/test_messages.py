"""Digests: right in form, size, rate and signature, told once, and never a run's undoing or a secret's."""

import email
import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import policy
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import REPOSITORY, found
from message_servers import SECRET, Groups, groups, mailbox
from report_world import TABLES

from pipelines import messages
from pipelines.errors import AlmanacError
from pipelines.home import state
from pipelines.home.settings import Settings, load_settings, now
from pipelines.messages import log
from pipelines.messages.config import load_channels
from pipelines.messages.digest import Digest
from pipelines.messages.forms import LIMITS, form, signed

pytestmark = pytest.mark.fast

RUN = {"run_id": "run-two", "run_kind": "live", "as_of": "2026-03-31", "outcome": "published", "message": ""}
MORE = """
alter table outlook.alerts add column alert_id text default 'a1';
alter table outlook.target_gap add column reach_probability double default 0.7;
create table outlook.open_deals as select * from (values
    ('李娜', 3, 1000.0), ('李娜', 0, 500.0), (null, 9, 20.0)) as t (owner_name, overdue_days, amount_base);
"""
ALL = """
link: https://bi.example.com/almanac/
names: {names}
channels:
  - {{kind: dingtalk, language: zh, url_variable: ALMANAC_DINGTALK_URL, secret_variable: ALMANAC_DINGTALK_SECRET}}
  - {{kind: wecom, language: zh, url_variable: ALMANAC_WECOM_URL}}
  - {{kind: slack, url_variable: ALMANAC_SLACK_URL}}
  - {{kind: teams, url_variable: ALMANAC_TEAMS_URL}}
"""
Pause = list[float]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Groups]:
    with groups() as made:
        for kind in ("dingtalk", "wecom", "slack", "teams"):
            monkeypatch.setenv(f"ALMANAC_{kind.upper()}_URL", f"{made.url}/{kind}?access_token=T0KEN")
        monkeypatch.setenv("ALMANAC_DINGTALK_SECRET", SECRET)
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config").mkdir()
    made = load_settings(tmp_path / "home", config=tmp_path / "config")
    made.published.mkdir(parents=True)
    with duckdb.connect(str(made.published / "almanac.duckdb")) as connection:
        connection.execute(TABLES + MORE)
    say_how_it_ended(made, RUN)
    configure(made, ALL.format(names="false"))
    return made


def configure(settings: Settings, text: str) -> None:
    assert settings.config
    (settings.config / "messages.yml").write_text(text, encoding="utf-8")


def say_how_it_ended(settings: Settings, run: dict[str, Any], days_ago: int = 0) -> None:
    published_at = now() - timedelta(days=days_ago, hours=1)
    served = {"run_id": "run-two", "as_of": "2026-03-31", "published_at": str(published_at)}
    path = settings.published / "status.json"
    path.write_text(json.dumps({"last_run": run, "served": served}), encoding="utf-8")


def alter(settings: Settings, statement: str) -> None:
    with duckdb.connect(str(settings.published / "almanac.duckdb")) as connection:
        connection.execute(statement)


def outcomes(notices: list[messages.Notice]) -> list[str]:
    return [notice.outcome for notice in notices]


def texts(server: Groups) -> dict[str, str]:
    return {path: json.dumps(content, ensure_ascii=False) for path, content in server.taken}


def test_every_channel_takes_the_digest_signed_and_in_its_form(settings: Settings, server: Groups) -> None:
    assert outcomes(messages.notify_of_run(settings)) == ["sent"] * 4 and server.refused == []
    told = texts(server)
    assert "Bookings, Apr 2026: 1.3K expected of 2.6K (50.0 %)" in told["/slack"]
    assert "Probability of reaching the target: 70.0 %" in told["/slack"]
    assert "Open pipeline: 1.52K in 3 deals" in told["/teams"]
    assert "签约额，2026年4月：预计 1,300，目标 2,600（50.0 %）" in told["/dingtalk"]
    assert "逾期商机：2 个，涉及 2 位负责人" in told["/wecom"]
    assert all("https://bi.example.com/almanac/" in text for text in told.values())


def test_a_wrong_signature_would_have_been_seen(
    settings: Settings, server: Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALMANAC_DINGTALK_SECRET", "another")
    assert outcomes(messages.notify_of_run(settings)) == ["errcode 310000", "sent", "sent", "sent"]
    assert server.refused == [("/dingtalk", "sign not match")]


def test_the_signature_is_the_documented_one() -> None:
    assert signed("https://x/?a=b", "this is secret", 1577262236757).endswith(
        "&timestamp=1577262236757&sign=hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"
    )


@pytest.mark.parametrize("names", [False, True])
def test_people_and_messages_are_named_only_where_the_company_says_so(
    settings: Settings, server: Groups, names: bool
) -> None:
    configure(settings, ALL.format(names=str(names).lower()))
    messages.notify_of_run(settings)
    for text in texts(server).values():
        assert ("李娜" in text) == names
        assert ("target" in text and "half of" in text) == names
    assert ("half of &lt;the&gt; target" in texts(server)["/slack"]) == names  # no sign of the text becomes markup


@pytest.mark.parametrize("names", [False, True])
def test_what_is_due_is_told_by_kind_and_by_owner_where_names_are(
    settings: Settings, server: Groups, names: bool
) -> None:
    configure(settings, f"names: {str(names).lower()}\nchannels: [{{kind: slack, url_variable: ALMANAC_SLACK_URL}}]")
    alter(settings, "create table marts.due_list as select * from (values ('李娜', 'birthday'), ('李娜', 'birthday'),"
                    " (null, 'open_complaint'), ('Ben', 'new_rule')) as t (rep_name, due_code)")  # fmt: skip
    messages.notify_of_run(settings)
    told = texts(server)["/slack"]
    assert "Due: 4 (birthday 2, new_rule 1, open complaint 1)" in told and "Overdue deals" not in told
    assert ("- 李娜: birthday 2" in told) == ("- without an owner: open complaint 1" in told) == names


def test_a_run_is_told_once_and_an_alert_again_only_when_it_got_worse(settings: Settings, server: Groups) -> None:
    configure(settings, "channels: [{kind: slack, url_variable: ALMANAC_SLACK_URL}]")

    def next_run(number: int, statement: str) -> str:
        alter(settings, statement)
        say_how_it_ended(settings, RUN | {"run_id": f"run-{number}"})
        server.taken.clear()
        assert outcomes(messages.notify_of_run(settings)) == ["sent"]
        return texts(server)["/slack"]

    assert "New or worse: 1" in next_run(1, "select 1")
    assert messages.notify_of_run(settings) == []  # the same run
    assert "No new alert" in next_run(2, "select 1")
    assert "No new alert" in next_run(3, "update outlook.alerts set value = 0.45")  # .45 from .9, .4 before: 12 % more
    assert "New or worse: 1" in next_run(4, "update outlook.alerts set value = 0.3")  # .6: half as far again
    assert "New or worse: 1" in next_run(5, "update outlook.alerts set severity = 'critical'")
    assert "New or worse: 1" in next_run(6, "insert into outlook.alerts select * replace ('a2' as alert_id)"
                                            " from outlook.alerts limit 1")  # fmt: skip


def test_what_a_channel_did_not_take_is_news_for_it_the_next_time(settings: Settings, server: Groups) -> None:
    configure(settings, "channels: [{kind: slack, url_variable: ALMANAC_SLACK_URL}]")
    server.first["/slack"] = [(403, {})]
    assert outcomes(messages.notify_of_run(settings)) == ["HTTP 403"]
    say_how_it_ended(settings, RUN | {"run_id": "run-three"})
    messages.notify_of_run(settings)
    assert "New or worse: 1" in texts(server)["/slack"]


@pytest.mark.parametrize(("answers", "outcome", "tries", "pauses"), [
    ([(503, {})], "sent", 2, [1.0]),
    ([(429, {"Retry-After": "3"})], "sent", 2, [3.0]),
    ([(503, {})] * 9, "HTTP 503", 4, [1.0, 2.0, 4.0]),
    ([(429, {"Retry-After": "600"})], "HTTP 429", 1, []),  # more than a run waits for
    ([(404, {})], "HTTP 404", 1, []),
    ([(302, {"Location": "http://127.0.0.1:1/"})], "HTTP 302", 1, []),
])  # fmt: skip
def test_only_what_can_pass_is_tried_again_and_not_for_long(
    settings: Settings, server: Groups, answers: list, outcome: str, tries: int, pauses: list[float]
) -> None:
    configure(settings, "channels: [{kind: slack, url_variable: ALMANAC_SLACK_URL}]")
    server.first["/slack"] = list(answers)
    waited: Pause = []
    assert outcomes(messages.notify_of_run(settings, sleep=waited.append)) == [outcome]
    assert (server.tries, waited) == (tries, pauses)


def test_no_channel_gets_more_in_a_minute_than_it_takes(settings: Settings, server: Groups) -> None:
    configure(settings, "channels: [{kind: wecom, url_variable: ALMANAC_WECOM_URL}]")
    told = []
    for number in range(25):
        say_how_it_ended(settings, RUN | {"run_id": f"run-{number}"})
        told += outcomes(messages.notify_of_run(settings))
    assert told == ["sent"] * 20 + ["held back: too many messages this minute"] * 5
    told_log = log.read(settings)
    later = now() + timedelta(seconds=61)
    assert log.sent_since(told_log, "wecom ALMANAC_WECOM_URL", later, timedelta(minutes=1)) == 0


@pytest.mark.parametrize("kind", ["dingtalk", "wecom", "slack", "teams"])
def test_a_long_digest_is_cut_at_a_lines_end_and_keeps_its_link(kind: str) -> None:
    lines = [f"{number:04d} 预警😀 <!channel> [x](http://y)" for number in range(3000)]
    content = form(kind, Digest("标题", lines, "https://bi.example.com/"), "", ()).json
    assert content
    text = {
        "dingtalk": lambda: content["markdown"]["text"],
        "wecom": lambda: content["markdown"]["content"],
        "slack": lambda: content["blocks"][1]["text"]["text"],
        "teams": lambda: content["attachments"][0]["content"]["body"][1]["text"],
    }[kind]()
    assert LIMITS[kind][0] * 0.9 < len(text.encode()) <= LIMITS[kind][0]
    kept = [line for line in text.split("\n") if line]
    assert kept[-2:] == ["…", "https://bi.example.com/"] and "http://y" in kept[-3]  # the last line is whole
    assert ("<!channel>" not in text and "[x](" not in text) or kind == "slack"
    assert "<!channel>" not in text


def test_mail_goes_to_its_recipients_as_plain_text(settings: Settings) -> None:
    with mailbox() as box:
        configure(settings, f"channels: [{{kind: smtp, language: zh, host: 127.0.0.1, port: {box.port}, tls: none,"
                            " sender: almanac@example.com, recipients: [a@example.com, b@example.com]}]")  # fmt: skip
        assert outcomes(messages.notify_of_run(settings)) == ["sent"]
    mail = email.message_from_bytes(box.mails[0], policy=policy.default)
    assert mail["To"] == "a@example.com, b@example.com" and "数据截至 2026-03-31" in mail["Subject"]
    assert "达成目标的概率：70.0 %" in mail.get_content()


def test_a_run_that_did_not_pass_says_why_and_that_the_old_tables_stay(settings: Settings, server: Groups) -> None:
    say_how_it_ended(settings, RUN | {"outcome": "blocked", "message": "marts: 1 of 3 checks failed\nsecond line"})
    messages.notify_of_run(settings)
    told = texts(server)["/slack"]
    assert "blocked" in told and "Reason: marts: 1 of 3 checks failed" in told and "second line" not in told
    assert "still served" in told and "Bookings" not in told


def test_a_run_that_died_is_told_of_once(settings: Settings, server: Groups) -> None:
    assert outcomes(messages.notify_of_failure(settings, "run-nine", "killed")) == ["sent"] * 4
    assert messages.notify_of_failure(settings, "run-nine", "killed") == []


def test_a_late_run_is_told_of_once(settings: Settings, server: Groups) -> None:
    say_how_it_ended(settings, RUN, days_ago=7)
    assert messages.notify_if_late(settings) == []
    say_how_it_ended(settings, RUN, days_ago=9)
    assert outcomes(messages.notify_if_late(settings)) == ["sent"] * 4
    assert "9 days ago" in texts(server)["/slack"]
    assert messages.notify_if_late(settings) == []


def unset(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> str:
    monkeypatch.delenv("ALMANAC_SLACK_URL")
    return "ALMANAC_SLACK_URL is not set"


def nobody(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> str:
    monkeypatch.setenv("ALMANAC_SLACK_URL", "http://127.0.0.1:9/T0KEN")
    return "no answer"


def damaged(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> str:
    (settings.published / "status.json").write_text("{", encoding="utf-8")
    return "status.json: damaged"


@pytest.mark.parametrize("harm", [unset, nobody, damaged])
def test_nothing_that_goes_wrong_reaches_the_run(
    settings: Settings,
    server: Groups,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[pytest.MonkeyPatch, Settings], str],
) -> None:
    configure(settings, "channels: [{kind: slack, url_variable: ALMANAC_SLACK_URL}]")
    expected = harm(monkeypatch, settings)
    (notice,) = messages.notify_of_run(settings, sleep=lambda _: None)
    assert expected in notice.outcome and "T0KEN" not in notice.outcome


def test_no_secret_is_kept_or_said(
    settings: Settings, server: Groups, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.first = {f"/{kind}": [(403, {})] for kind in ("dingtalk", "wecom", "slack", "teams")}
    notices = messages.notify_of_run(settings)
    kept = str(state.read(settings, "messages").to_dicts()) + str(notices) + caplog.text + "".join(capsys.readouterr())
    assert outcomes(notices) == ["HTTP 403"] * 4
    assert "T0KEN" not in kept and SECRET not in kept
    for path in found(settings.home.rglob("*")):
        assert not path.is_file() or b"T0KEN" not in path.read_bytes()


@pytest.mark.parametrize(("text", "message"), [
    ("channels: [{kind: slack, url_variable: 'https://hooks.slack.com/x'}]", "is the name of an environment variable"),
    ("channels: [{kind: slack}]", "a channel of kind slack needs url_variable"),
    ("channels: [{kind: smtp, host: x}]", "needs sender, recipients"),
    ("channels: [{kind: slack, url_variable: X, language: fr}]", "'fr' is none of en, zh"),
    ("chanels: []", "unknown key"),
])  # fmt: skip
def test_a_configuration_that_makes_no_sense_is_refused_in_one_line(
    settings: Settings, text: str, message: str
) -> None:
    configure(settings, text)
    with pytest.raises(AlmanacError, match=message) as refusal:
        load_channels(settings)
    assert "\n" not in str(refusal.value) and "messages.yml" in str(refusal.value)


def test_without_a_channel_nothing_is_sent_or_kept(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home")
    settings.published.mkdir(parents=True)
    say_how_it_ended(settings, RUN)
    assert messages.notify_of_run(settings) == [] and not (settings.state / "messages").exists()


def test_the_examples_of_the_shipped_configuration_are_valid(settings: Settings) -> None:
    text = (REPOSITORY / "pipelines" / "messages" / "messages.yml").read_text(encoding="utf-8")
    head, examples = text.split("channels: []\n")
    configure(settings, head + "channels:\n" + "".join(line.removeprefix("# ") for line in examples.splitlines(True)))
    assert [channel.kind for channel in load_channels(settings).channels] == [
        "dingtalk", "wecom", "slack", "teams", "smtp",
    ]  # fmt: skip
