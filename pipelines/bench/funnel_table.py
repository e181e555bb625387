"""The figures of `almanac bench funnel` as the table in docs/funnel.md."""

from pathlib import Path

BEGIN, END = "<!-- almanac bench funnel -->\n", "<!-- end -->\n"
HEAD = """
| calendar, lists | deals, lost used | none | conversion inside | bias, worst | width | days inside | bias, worst |
|---|---|---|---|---|---|---|---|
"""


def table(figures: dict, calendars: tuple[str, ...], cadences: tuple[str, ...]) -> str:
    """One row per calendar and cadence; a figure that misses its bar is followed by the bar."""
    rows = [_row(f"{name}, {one}", figures[name][one]) for name in calendars for one in cadences if name in figures]
    return HEAD + "\n".join(rows) + "\n"


def record(path: Path, text: str) -> None:
    """Replace what stands between the marks; raises ValueError where they are not."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{path} has no lines {BEGIN.strip()} and {END.strip()}")
    path.write_text(before + BEGIN + text + "\n" + END + after, encoding="utf-8")


def _row(name: str, cell: dict) -> str:
    bars = cell["bars"]
    cells = [
        name,
        f"{cell['deal_count']}, {cell['lost_deals_used']}",
        f"{cell['without']} of {cell['cells']}",
        _least(cell["conversion_covered"], bars["covered"]),
        f"{_most(cell['conversion_mean_bias'], bars['mean_bias'])}, "
        f"{_most(cell['conversion_worst_bias'], bars['worst_bias'])}",
        f"{cell['conversion_width']:.2f}",
        _least(cell["days_covered"], bars["covered"]),
        f"{_most(cell['days_mean_bias'], bars['mean_days'])}, {_most(cell['days_worst_bias'], bars['worst_days'])}",
    ]
    return f"| {' | '.join(cells)} |"


def _least(value: float, bar: float) -> str:
    return f"{value:.3f}" + (f" (bar {bar})" if value < bar else "")


def _most(value: float, bar: float) -> str:
    return f"{value:.3f}" + (f" (bar {bar})" if value > bar else "")
