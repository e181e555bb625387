"""The review pack of the sample company: complete, small, and drawn without a fault."""

import re
import time
from pathlib import Path

import duckdb
from conftest import Built, found

from pipelines.report import write_pack
from pipelines.report.sections import PAGES
from pipelines.report.words import languages, load_words
from pipelines.serving import places

SECONDS = 5  # of one processor; the pack is part of every run


def test_the_run_has_swapped_in_pages_of_its_own_tables(built: Built) -> None:
    first = places.first_page(built.settings)
    with duckdb.connect(str(built.served), read_only=True) as connection:
        run_id = connection.execute("select run_id from control.published").fetchall()[0][0]
        rows = connection.execute("select customer_name from marts.customer_360 order by revenue_12m desc limit 1")
        largest = rows.fetchall()[0][0]
    assert first.parent.resolve().name == run_id
    for language in languages():
        assert len(list((first.parent / language).glob("*.html"))) == len(PAGES)
        assert largest in (first.parent / language / "customers.html").read_text(encoding="utf-8")


def test_no_block_of_the_company_fails_to_be_drawn(built: Built) -> None:
    for path in found(places.first_page(built.settings).parent.rglob("*.html")):
        for reason in re.findall(r"<li>.*?<code>(.*?)</code>", path.read_text(encoding="utf-8")):
            assert ": " not in reason, f"{path.name}: {reason}"  # a fault is told after the tables


def test_the_sentences_of_the_tables_are_said_in_every_language(built: Built) -> None:
    sentences = """
        select message from outlook.alerts where kind <> 'rejected_file'
        union select waits_for from marts.period_completeness where waits_for is not null
        union select evidence from outlook.deal_risk where rule <> 'unlikely_for_stage'
        union select evidence from marts.data_anomalies
        union select question from outlook.review_queue
    """
    with duckdb.connect(str(built.served), read_only=True) as connection:
        english = [text for (text,) in connection.execute(sentences).fetchall()]
    assert len(english) > 50
    for language in languages():
        words = load_words(language)
        assert [text for text in english if language != "en" and words.said(text) == text] == []
        # in English too a model is called by what it does
        plain = [text for text in english if " are served as " not in text]
        assert language != "en" or [words.said(text) for text in plain] == plain


def test_the_pack_is_small_and_quick(built: Built, tmp_path: Path) -> None:
    began = time.process_time()
    written = write_pack(tmp_path, built.served, built.settings.published / "status.duckdb")
    assert time.process_time() - began <= SECONDS
    sizes = [path.stat().st_size for path in written]
    assert max(sizes) <= 300_000
    assert sum(sizes) <= 3_000_000
