"""The review pack: numbers of the tables, words of the catalogue, nothing from the network."""

import csv
import re
import shutil
import subprocess
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from conftest import REPOSITORY, found
from report_world import published, status_file

from pipelines.home.settings import SHIPPED_SEEDS
from pipelines.report import write_pack
from pipelines.report.charts import _round_levels
from pipelines.report.repeats import without_repeats
from pipelines.report.sections import PAGES
from pipelines.report.served import Served, opened
from pipelines.report.words import CATALOGUES, FORMS, languages, load_words

pytestmark = pytest.mark.fast


class Page(HTMLParser):
    """Text of the cells of every table row, and what an accessible page must have."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.tags and self.tags[-1][0] in ("td", "th") and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    write_pack(tmp_path / "pack", published(tmp_path))
    return tmp_path / "pack"


def test_numbers_of_the_page_are_those_of_the_tables(pack: Path) -> None:
    rows = Page(pack / "en" / "index.html").rows
    assert ["Bookings", "month", "Apr 2026", "2,600", "0", "1,300", "1,189", "1,522", "50.0 %", "–", "-1,300",
            "possible with new deals"] in rows  # fmt: skip
    assert ["Mar 2026", "1,203", "–", "–", "–", "–", "–", "–"] in rows
    assert ["Apr 2026", "–", "1,300", "1,189", "1,522", "967", "1,744", "2,600"] in rows
    assert ["Bookings", "Apr 2026", "2026-02-28", "1,290", "1,300", "+10"] in rows
    assert ["New deals", "303", "4", "Mar 2026", "backtest", "1"] in rows
    assert ["<North>", "Mar 2026", "803"] in rows


def test_the_same_numbers_stand_on_the_chinese_page(pack: Path) -> None:
    rows = Page(pack / "zh" / "index.html").rows
    assert ["2026年4月", "–", "1,300", "1,189", "1,522", "967", "1,744", "2,600"] in rows
    assert ["新增商机", "303", "4", "2026年3月", "回测", "1"] in rows


def test_what_is_not_served_is_left_out_and_named(tmp_path: Path) -> None:
    file = published(tmp_path, "drop table outlook.alerts", "alter table marts.series_history drop column y")
    write_pack(tmp_path / "pack", file)
    text = Page(tmp_path / "pack" / "en" / "index.html").text
    assert "Alerts: outlook.alerts" in re.sub(r"\s+", " ", text)
    assert "Bookings by region: marts.series_history (y)" in re.sub(r"\s+", " ", text)


def test_what_has_no_rows_is_named_and_no_news_is_said(tmp_path: Path) -> None:
    write_pack(
        tmp_path / "pack", published(tmp_path, "delete from outlook.alerts", "delete from outlook.variance_bridge")
    )
    page = Page(tmp_path / "pack" / "en" / "index.html")
    assert "why the last forecast was missed: no row in outlook.variance_bridge" in re.sub(r"\s+", " ", page.text)
    assert "Nothing to show." in page.text  # no alert is news


def test_a_column_of_another_kind_leaves_its_block_out_and_the_rest_stays(tmp_path: Path) -> None:
    file = published(
        tmp_path, "alter table outlook.alerts alter column value type text", "update outlook.alerts set value = 'x'"
    )
    write_pack(tmp_path / "pack", file)
    page = Page(tmp_path / "pack" / "en" / "index.html")
    assert "outlook.alerts: ValueError" in page.text
    assert ["<North>", "Mar 2026", "803"] in page.rows


def test_without_targets_the_forecast_is_shown_first(tmp_path: Path) -> None:
    write_pack(tmp_path / "pack", published(tmp_path, "drop table outlook.target_gap", "drop table marts.targets"))
    rows = Page(tmp_path / "pack" / "en" / "index.html").rows
    assert ["Bookings", "month", "Apr 2026", "1,300", "1,189", "1,522"] in rows


def test_a_scenario_is_no_second_forecast_of_the_same_month(tmp_path: Path) -> None:
    """Under `slump` the world expects 523 for April where it expects 1,300."""
    write_pack(tmp_path / "pack", published(tmp_path, "drop table outlook.target_gap", "drop table marts.targets"))
    pages = sorted((tmp_path / "pack" / "en").glob("*.html"))
    assert pages
    for page in pages:
        cells = {cell for row in Page(page).rows for cell in row}
        assert "523" not in cells, page.name
    assert "1,300" in {cell for row in Page(tmp_path / "pack" / "en" / "index.html").rows for cell in row}


def test_scenarios_stand_beside_the_forecast_with_what_is_done(tmp_path: Path) -> None:
    """1,300 and 1,400 are expected; under `slump` 777 less each month."""
    answer = "create table forecast.scenarios as select 'slump' as scenario, 'fear' as because, 'save' as action, "
    file = published(tmp_path, f"{answer} 'director' as owner_name, 'a lost quarter' as trigger_sign")
    write_pack(tmp_path / "pack", file)
    for language, metric in (("en", "Bookings"), ("zh", "签约额")):
        rows = Page(tmp_path / "pack" / language / "forecasts.html").rows
        assert ["slump", metric, "2,700", "1,146", "-1,554", "-57.6 %"] in rows
        assert ["slump", "fear", "save", "director", "a lost quarter"] in rows


def test_gates_and_refused_rows_come_from_the_status_file_of_the_run(tmp_path: Path) -> None:
    write_pack(tmp_path / "pack", published(tmp_path), status_file(tmp_path))
    rows = Page(tmp_path / "pack" / "en" / "quality.html").rows
    assert ["marts", "2", "1", "0", "1"] in rows  # the other run's check is not counted
    assert ["marts", "critical", "marts.revenue", "amount_base", "It's money.", "3 of 7 rows", "3", "[null]"] in rows
    assert ["sap", "orders", "date not readable", "2"] in rows


def test_every_query_on_a_page_runs_as_it_is_copied(tmp_path: Path) -> None:
    file = published(tmp_path)
    write_pack(tmp_path / "pack", file)
    queries = re.findall(r"<pre[^>]*><code>(.*?)</code>", Page(tmp_path / "pack" / "en" / "index.html").source, re.S)
    assert len(queries) > 5
    with opened(file) as served:
        for query in queries:
            served.connection.execute(unescape(query))


def test_pages_ask_the_network_for_nothing_and_are_small(pack: Path) -> None:
    pages = sorted(pack.rglob("*.html"))
    assert sum(page.stat().st_size for page in pages) < 3_000_000
    for path in pages:
        page = Page(path)
        assert path.stat().st_size <= 300_000
        for tag, attributes in page.tags:
            for name in ("src", "href", "data", "srcset"):
                link = attributes.get(name) or ""
                assert "//" not in link, f"{path}: {tag} {name}={link}"
                if tag == "a" and name == "href" and not link.startswith("#"):
                    assert (path.parent / link).is_file(), f"{path}: {link} leads nowhere"
        assert "@import" not in page.source and "url(" not in page.source


def test_pages_can_be_read_without_eyes_mouse_or_script(pack: Path) -> None:
    for path in found(pack.glob("*/*.html")):
        page = Page(path)
        tags = page.tags
        assert dict(tags)["html"]["lang"] == load_words(path.parent.name).say("lang")
        headings = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
        assert headings[0] == 1 and headings.count(1) == 1
        assert all(later - earlier <= 1 for earlier, later in pairwise(headings))
        assert page.source.count("<figure ") <= sum(tag == "table" for tag, _ in tags)
        assert all("scope" in attributes for tag, attributes in tags if tag == "th")
        assert all(attributes.get("tabindex") == "0" for _, attributes in tags if attributes.get("class") == "scroll")
        assert sum(tag == "script" for tag, _ in tags) == 1  # copies queries; all else is there without it


def test_every_language_says_the_same_things() -> None:
    assert {"en", "zh"} <= set(languages())
    paths = {language: set(_paths(_catalogue(language) | {"phrases": {}})) for language in languages()}
    for language in languages():
        assert paths[language] == paths["en"], paths[language] ^ paths["en"]
        assert len(_catalogue(language)["months"]) == 12


def test_every_block_of_every_page_has_its_words_in_every_language() -> None:
    nothing = Served(duckdb.connect(), {})
    blocks = [block for make in PAGES.values() for block in make(nothing)]
    assert len({block.key for block in blocks}) > 30
    for language in languages():
        words, terms = load_words(language), _catalogue(language)["terms"]
        for block in blocks:
            for path in (f"blocks.{block.key}.title", f"blocks.{block.key}.note"):
                assert words.say(path)
            for column, form in block.forms.items():
                assert words.say(f"columns.{column}")
                assert form in FORMS or form.partition(":")[2] in terms, f"{block.key}: {column} has no form {form}"
            assert block.needs and block.query.lstrip().startswith(("select", "with"))


@pytest.mark.parametrize(("seed", "column", "group"), [
    ("deal_risk_rules", "rule", "risk"), ("alert_rules", "kind", "alert"),
])  # fmt: skip
def test_rules_that_ship_with_the_product_have_their_words(seed: str, column: str, group: str) -> None:
    with (SHIPPED_SEEDS / f"{seed}.csv").open(encoding="utf-8") as lines:
        codes = {row[column] for row in csv.DictReader(lines)}
    assert len(codes) >= 5
    for language in languages():
        assert codes <= set(_catalogue(language)["terms"][group])


@pytest.mark.parametrize(("folder", "pattern", "group"), [
    ("forecasts/models", "[a-z]*.py", "model"), ("pipelines/contracts/objects", "*.yml", "object"),
])  # fmt: skip
def test_what_is_found_by_its_file_has_its_word(folder: str, pattern: str, group: str) -> None:
    codes = {path.stem for path in found((REPOSITORY / folder).glob(pattern))}
    for language in languages():
        words = _catalogue(language)["terms"][group]
        assert codes <= set(words), codes - set(words)


def _catalogue(language: str) -> dict[str, Any]:
    return yaml.safe_load((CATALOGUES / f"{language}.yml").read_text(encoding="utf-8"))


def _paths(content: Any, path: str = "") -> Iterator[str]:
    """Every key with the names of the values that its words take."""
    if isinstance(content, dict):
        for name, below in content.items():
            assert isinstance(name, str), f"{path}.{name}: quote it"
            yield from _paths(below, f"{path}.{name}")
    else:
        yield f"{path} {sorted(re.findall(r'{(?!month|year|short)([a-z_]+)}', str(content)))}"


def test_amounts_are_shortened_as_each_language_counts() -> None:
    english, chinese = load_words("en"), load_words("zh")
    amounts = {999: "999", 3_000_000: "3M", 2_981_892: "2.98M", 12_345_678: "12.3M", -45_600: "-45.6K", 123e6: "123M"}
    assert {amount: english.compact(amount) for amount in amounts} == amounts
    assert [chinese.compact(value) for value in (2_981_892, 105_000_000)] == ["298万", "1.05亿"]
    assert english.shown(None, "money") == "–"
    assert english.shown(-0.044, "points") == "-4.4 pts" and english.shown(0.044, "share") == "4.4 %"
    shares = (0.0, 0.0004, 0.9996, 1.0)  # a chance that is not certain does not read 100 %
    assert [english.shown(share, "share") for share in shares] == ["0.0 %", "< 0.1 %", "> 99.9 %", "100.0 %"]
    assert english.shown('{"kind": "grey", "score_bits": -2.591}', "evidence") == "kind: grey; score bits: -2.59"
    assert [english.shown(text, "evidence") for text in ("by hand", "12")] == ["by hand", "12"]
    assert english.shown("never_seen", "term:metric") == "never_seen"
    assert set(FORMS) >= {"money", "share", "day"}


def test_a_small_figure_keeps_its_tenths_and_nothing_has_no_sign() -> None:
    english = load_words("en")
    figures = [english.shown(value, "figure") for value in (2.02, 1.62, 1.96, 99.96, -0.004, 33_394.51)]
    assert figures == ["2", "1.6", "2", "100", "0", "33,395"]
    assert [english.shown(value, "signed") for value in (-0.38, 0.0, -0.004, 513_479)] == ["-0.4", "0", "0", "+513,479"]


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed: apt-get install chromium")
def test_a_browser_opens_every_page_without_an_error_or_a_request(pack: Path, tmp_path: Path) -> None:
    for path in found(pack.rglob("*.html")):
        page, complaints = opened_in_browser(path, tmp_path / "profile")
        assert complaints == []
        if path.parent != pack:
            words = load_words(path.parent.name)
            assert page.count(f">{words.say('ui.copy')}</button>") == page.count('class="sql"') > 0
    asks = pack / "asks.html"
    asks.write_text((pack / "en" / "index.html").read_text().replace("</h1>", "</h1><img src='https://example.org/a'>"))
    _, complaints = opened_in_browser(asks, tmp_path / "profile")
    assert complaints, "the browser says nothing of a request: this test would not see one"


def opened_in_browser(path: Path, profile: Path) -> tuple[str, list[str]]:
    """The page as scripts have left it, and what the console says: requests that its policy forbids too."""
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command += [f"--user-data-dir={profile}", "--enable-logging=stderr", "--dump-dom", path.as_uri()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return ended.stdout, [line for line in ended.stderr.splitlines() if "CONSOLE" in line]


def test_what_every_row_says_is_said_once_and_a_column_without_values_is_named() -> None:
    forms = {"metric": "term:metric", "member": "text", "amount": "money", "yhat": "money", "pace": "number"}
    rows = [{"metric": "bookings", "member": f"T{n}", "amount": 1, "yhat": n, "pace": None} for n in range(5)]
    table = without_repeats(forms, rows)
    assert list(table.forms) == ["member", "amount", "yhat"]  # equal numbers stay: they are findings
    assert (table.same, table.empty) == ({"metric": "bookings"}, ["pace"])
    assert without_repeats(forms, rows[:4]).forms == forms


def test_the_parts_of_the_bookings_ahead_stand_beside_their_target(tmp_path: Path) -> None:
    """April: 100 won, 700 of open deals, 400 to come; May has no target, June no row."""
    made = """create or replace table forecast.pipeline as select 'bookings' as metric, 'total' as level, 'MS' as freq,
        period_start, booked, existing, new, booked + existing + new as mean, yhat, 900.0 as lo_80, 1500.0 as hi_80,
        4 as n_open_deals
    from (values (date '2026-04-01', 100.0, 700.0, 400.0, 1150.0), (date '2026-05-01', 0.0, 200.0, 900.0, 1090.0))
        as t (period_start, booked, existing, new, yhat)"""
    write_pack(tmp_path / "pack", published(tmp_path, made))
    page = Page(tmp_path / "pack" / "en" / "index.html")
    assert ["Apr 2026", "100", "700", "400", "1,200", "1,150", "900", "1,500", "2,600", "4"] in page.rows
    assert ["May 2026", "0", "200", "900", "1,100", "1,090", "900", "1,500", "–", "4"] in page.rows


@pytest.mark.parametrize(("low", "high"), [(0, 5.06e6), (-3.2, 11), (0, 1e-3), (0, 0), (0, 999)])
def test_axes_stand_at_round_figures_within_their_bounds(low: float, high: float) -> None:
    levels = list(_round_levels(low, high))
    assert 1 <= len(levels) <= 6 and low <= levels[0] and levels[-1] <= high * (1 + 1e-9)
    assert all(f"{level:.1e}"[0] in "0123456789-" and float(f"{level:.1e}") == pytest.approx(level) for level in levels)
