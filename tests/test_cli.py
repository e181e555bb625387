"""The command line: what went wrong, where, and what to do, in one line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_team import write_deals
from typer.main import get_command
from typer.testing import CliRunner

from pipelines.cli import app, main
from pipelines.contracts import load_contracts
from pipelines.home.settings import load_settings

pytestmark = pytest.mark.fast


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["almanac", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], ["matches a contract", "nothing to run"]),
        (["status"], ["no run has ended here yet", "almanac run"]),
        (["rebuild"], ["no run was ever published"]),
        (["forecast"], ["no run has made tables here yet", "almanac run"]),
        (["publish"], ["no run has made tables here yet", "almanac run"]),
        (["--config", "absent", "run"], ["does not exist", "almanac init"]),
        (["run", "--as-of", "2999-01-01"], ["2999-01-01", "today"]),
        (["run", "--as-of", "1999-01-01"], ["1999-01-01", "partitions_start"]),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(
    tmp_path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: list[str],
) -> None:
    assert call(monkeypatch, "--home", tmp_path / "home", *arguments) == 1
    message = capsys.readouterr().err.strip()
    assert len(message.splitlines()) == 1
    assert all(word in message for word in words)
    assert "Traceback" not in message


def test_debug_adds_the_traceback(tmp_path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    assert call(monkeypatch, "--home", tmp_path / "home", "--debug", "status") == 1
    assert "Traceback" in capsys.readouterr().err


def test_init_copies_the_policy_and_never_into_a_folder_that_holds_something(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    folder = tmp_path / "acme"
    assert call(monkeypatch, "init", folder) == 0
    assert {path.name for path in folder.iterdir()} == {
        "company.yml", "expectations", "forecasts.yml", "messages.yml", "models", "seeds", "sources"
    }  # fmt: skip
    assert call(monkeypatch, "init", folder) == 1
    assert "not empty" in capsys.readouterr().err


def test_init_for_a_small_team_forecasts_its_bookings_and_knows_its_only_list(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    folder, export = tmp_path / "acme", write_deals(tmp_path / "deals_2026-10-31.csv")
    assert call(monkeypatch, "init", folder, "--profile", "small", "--currency", "EUR", "--export", export) == 0
    series = yaml.safe_load((folder / "forecasts.yml").read_text(encoding="utf-8"))["series"]
    assert series == [{"metric": "bookings", "levels": ["total"], "freq": "MS", "horizon": 6}]
    (contract,) = load_contracts(folder / "sources").values()
    assert {"stage", "amount", "closed_on", "owner_name"} <= set(contract.objects[0].columns)
    assert call(monkeypatch, "--config", folder, "read", export) == 0
    assert "500 loaded + 0 quarantined" in capsys.readouterr().out


def test_amounts_of_an_only_list_are_asked_about_in_the_companys_own_currency(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, export = tmp_path / "acme", tmp_path / "deals_2026-10-31.csv"
    export.write_text("Deal ID,Stage,Amount,Created Date\nD1,Lead,1200.50,2026-10-01\nD2,Lead,80,2026-10-02\n")
    assert call(monkeypatch, "init", folder, "--profile", "small", "--currency", "EUR", "--export", export) == 0
    assert "{const: EUR}" in (folder / "sources" / "crm.yml").read_text(encoding="utf-8")


def test_a_profile_that_does_not_exist_is_refused(tmp_path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    assert call(monkeypatch, "init", tmp_path / "acme", "--profile", "tiny") == 1
    assert "known are full, small" in capsys.readouterr().err and not (tmp_path / "acme").exists()


def test_init_writes_the_currency_and_time_zone_that_were_said(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    said = ("--currency", "eur", "--timezone", "Europe/Berlin")
    assert call(monkeypatch, "init", tmp_path / "acme", *said) == 0
    company = load_settings(tmp_path / "home", config=tmp_path / "acme").company
    assert (company.base_currency, company.timezone) == ("EUR", "Europe/Berlin")
    assert call(monkeypatch, "init", tmp_path / "other", "--timezone", "Europe/Bonn") == 1
    assert "Europe/Bonn" in capsys.readouterr().err and not (tmp_path / "other").exists()


@pytest.mark.parametrize("line", [
    "time_zone: Asia/Shanghai", "timezone: Asia/Shangai", "fiscal_year_start_month: 13", "base_currency: yuan",
    "mass_deletion_share: most", "partitions_start: first day",
])  # fmt: skip
def test_a_policy_that_makes_no_sense_is_refused_with_its_file(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capsys, line: str
) -> None:
    (tmp_path / "company.yml").write_text(line)
    assert call(monkeypatch, "--home", tmp_path / "home", "--config", tmp_path, "status") == 1
    message = capsys.readouterr().err.strip()
    assert "company.yml" in message
    assert line.partition(":")[0] in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("written", ['"4"', "4"])
def test_a_number_may_stand_in_quotes(tmp_path, written: str) -> None:
    (tmp_path / "company.yml").write_text(f"fiscal_year_start_month: {written}\npartitions_start: 2012-02-01\n")
    company = load_settings(tmp_path / "home", config=tmp_path).company
    assert (company.fiscal_year_start_month, company.partitions_start) == (4, date(2012, 2, 1))


def commands(command: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, *words, name)


COMMANDS = list(commands(get_command(app)))


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=[" ".join(("almanac", *words)) for words, _ in COMMANDS])
def test_help_shows_its_texts_whole_brackets_included(words: tuple[str, ...], command: Any) -> None:
    shown = " ".join(CliRunner().invoke(app, [*words, "--help"]).output.split())
    texts = [command.help, *(getattr(parameter, "help", None) for parameter in command.params)]
    below = [other.help.partition(".")[0] for other in getattr(command, "commands", {}).values()]
    told = [" ".join(text.split()) for text in [*texts, *below] if text]
    assert told and not [text for text in told if text not in shown]


def test_a_backfill_over_month_ends_leaves_out_the_days_between() -> None:
    from pipelines.cli.run import _days

    february, may = date(2024, 2, 1), date(2024, 5, 1)
    assert _days(february, may, 7, True) == [date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)]
    assert _days(february, date(2024, 2, 15), 7, False) == [february, date(2024, 2, 8), date(2024, 2, 15)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "--home", "h", "--force"], ["--home", "h", "run", "--force"]),
        (["sources", "list", "--config=c", "--json"], ["--config=c", "sources", "list", "--json"]),
        (["--home", "h", "status", "--debug"], ["--home", "h", "--debug", "status"]),
        (["read", "--", "--home", "x"], ["read", "--", "--home", "x"]),
        (["status", "--home"], ["--home", "status"]),  # without its value: click says what is missing
    ],
)
def test_options_of_every_command_may_stand_after_it(words: list[str], expected: list[str]) -> None:
    from pipelines.cli.context import hoisted

    assert hoisted(words) == expected


def test_every_option_of_the_command_itself_can_be_moved_and_no_command_has_another_of_its_name() -> None:
    from pipelines.cli.context import GLOBAL

    named = {name for parameter in get_command(app).params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert set(GLOBAL) == named - {"--version", "--install-completion", "--show-completion"}
    below = {name for words, command in COMMANDS if words for parameter in command.params for name in parameter.opts}
    assert below.isdisjoint(GLOBAL)


def test_every_command_stands_under_a_heading() -> None:
    from pipelines.cli.context import PANELS

    shown = CliRunner().invoke(app, ["--help"]).output
    assert [panel for panel in PANELS if f"{panel}:" not in shown] == []
    assert "\nCommands:" not in shown, "give the command a heading of `PANELS`, as `rich_help_panel`"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_commands(shell: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys; from pipelines.cli import app; app(prog_name='almanac')"],
        env={**os.environ, "_ALMANAC_COMPLETE": f"source_{shell}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "almanac" in told.stdout and "_ALMANAC_COMPLETE" in told.stdout


BLOCKED = """
import sys
for name in {names!r}:
    sys.modules[name] = None
from pipelines.cli import app
app({arguments!r})
"""


@pytest.mark.parametrize("arguments", [["--help"], ["schema", "company"], ["init", "acme"]])
def test_what_needs_no_lock_starts_where_the_system_has_none(tmp_path, arguments: list[str]) -> None:
    code = BLOCKED.format(names=("fcntl", "grp", "resource"), arguments=arguments)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr


def test_listings_of_old_files_are_json_for_programs(tmp_path) -> None:
    told = CliRunner().invoke(app, ["prune", "--home", str(tmp_path / "home"), "--json"])
    listed = json.loads(told.output)
    assert (listed["removed"], listed["logs"]) == (False, [])
    assert {row["folder"] for row in listed["folders"]} == {"landing", "state", "warehouse", "published", "dagster"}
