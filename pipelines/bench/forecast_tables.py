"""The figures of `almanac bench forecast` as Markdown tables."""

from typing import Any

Row = dict[str, Any]
COLUMNS = {
    "table": {
        "set": "set",
        "level": "level",
        "model": "model",
        "series": "series",
        "cpu_s_per_series": "CPU s",
        "smape": "sMAPE",
        "mase": "MASE",
        "rmsse": "RMSSE",
        "coverage_80": "cov 80",
        "coverage_95": "cov 95",
        "msis_95": "MSIS 95",
    },
    "speed": {
        "shape": "shape",
        "calendars": "calendars",
        "series": "series",
        "cold_ms": "cold, ms",
        "cached_ms": "cached, ms",
        "stock_ms": "stock Prophet, ms",
        "prophet_batch_ms": "prophet-batch, ms",
        "times_stock": "times stock",
        "times_stock_cold": "times stock, cold",
        "times_prophet_batch": "times prophet-batch",
    },
    "objectives": {
        "set": "set",
        "mode": "effects",
        "series": "series",
        "worst_nats": "largest, nats",
        "worse_than_1e-6": "worse than 1e-6",
    },
    "scale": {
        "series": "series",
        "cpu_s": "CPU s",
        "wall_s": "wall s",
        "fixed_cpu_s": "of it fixed, CPU s",
        "slope_ms": "ms per further series",
        "slope_to_all": "slope over the mean slope",
        "peak_mb": "peak MB",
    },
}


def as_tables(figures: dict[str, Any]) -> str:
    """One Markdown table per part that was measured."""
    return "\n\n".join(_table(COLUMNS[part], figures[part]) for part in COLUMNS if figures.get(part))


def as_line(part: str, row: Row) -> str:
    """One row as one line of text: its known figures by name."""
    values = {title: row[name] for name, title in COLUMNS[part].items() if row.get(name) is not None}
    return ", ".join(f"{title} {_text(value)}" for title, value in values.items())


def _table(columns: dict[str, str], rows: list[Row]) -> str:
    """A line per row; a column that no row has is left out."""
    kept = {name: title for name, title in columns.items() if any(row.get(name) is not None for row in rows)}
    lines = [list(kept.values()), ["---"] * len(kept), *([_text(row.get(name)) for name in kept] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value) if not isinstance(value, int) else f"{value:,}"
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
