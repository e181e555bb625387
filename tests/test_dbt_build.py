"""Every rule written in SQL holds, and the models can be read as pages: dbt's unit tests and docs on a built home."""

from collections.abc import Callable

from conftest import Built

from pipelines import dbt


def test_every_dbt_unit_test_passes(copied: Callable[[], Built]) -> None:
    printed = dbt.dbt(dbt.prepare_project(copied().settings), "test", "--select", "test_type:unit")
    assert "ERROR=0" in printed and "SKIP=0" in printed


def test_the_docs_are_one_page_without_a_server(copied: Callable[[], Built]) -> None:
    folder = dbt.prepare_project(copied().settings)
    dbt.dbt(folder, "docs", "generate", "--static")
    page = (folder / "target" / "static_index.html").read_text(encoding="utf-8")
    assert "One row per line of revenue" in page
