"""docs/truth.md: what the commands write stands between two marks each, and what people write around them."""

import re
from collections.abc import Mapping
from pathlib import Path

MARKS = {
    "figures": ("<!-- figures of almanac bench truth -->", "<!-- end of figures -->"),
    "said": ("<!-- figures of almanac bench said -->", "<!-- end of what was said -->"),
    "checks": ("<!-- checks of almanac bench metamorphic -->", "<!-- end of checks -->"),
}


def record(page: Path, part: str, text: str) -> None:
    """Put the text between the marks of a part of the page, or with its marks at the page's end."""
    begin, end = MARKS[part]
    written = page.read_text(encoding="utf-8") if page.is_file() else ""
    before, _, rest = written.partition(begin)
    _, _, after = rest.partition(end)
    parts = (before.rstrip(), f"{begin}\n{text.strip()}\n{end}", after.strip())
    page.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def record_sections(page: Path, part: str, sections: Mapping[str, str]) -> None:
    """Put each text under its title into a part of the page; sections of other titles stay as they are."""
    begin, end = MARKS[part]
    written = page.read_text(encoding="utf-8") if page.is_file() else ""
    before = written.partition(begin)[2].partition(end)[0]
    titles = re.split(r"^### (.+)$", before, flags=re.MULTILINE)[1:]
    kept = {title: text.strip() for title, text in zip(titles[::2], titles[1::2], strict=True)}
    texts = {**kept, **sections}
    record(page, part, "\n\n".join(f"### {title}\n\n{texts[title].strip()}" for title in sorted(texts)))
