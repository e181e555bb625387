"""A page that another names is there, and so is its section."""

import re
from pathlib import Path

import pytest
from conftest import REPOSITORY

pytestmark = pytest.mark.fast
LINK = re.compile(r"\]\(([^)\s#]*)(#[^)\s]*)?\)")
PAGES = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "data" / "README.md"]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as hosts of Markdown make them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_link_leads_to_a_page_and_a_section_that_are_there() -> None:
    dead, seen = [], 0
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target, anchor in LINK.findall(text):
            if "://" in target or target.startswith("mailto:"):
                continue
            seen += 1
            there = (page.parent / target).resolve() if target else page
            if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
                dead.append(f"{page.relative_to(REPOSITORY)}: {target}{anchor}")
    assert seen > 50 and not dead, "\n".join(dead)
