"""docs/truth.md: what the commands write stands between two marks each, and what people write around them."""

from pathlib import Path

MARKS = {
    "figures": ("<!-- figures of almanac bench truth -->", "<!-- end of figures -->"),
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
