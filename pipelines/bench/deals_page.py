"""The table of figures in docs/deals.md, written from the JSON of the bench."""

from pathlib import Path
from typing import Any

from pipelines.errors import AlmanacError

START, END = "<!-- figures of almanac bench deals -->", "<!-- end of figures -->"
HEAD = "| figure | measured | beside it | bar |\n|---|---|---|---|\n"
Line = tuple[Any, Any, Any, Any]


def write_table(page: Path, figures: dict[str, Any]) -> None:
    """Replace what stands between the two marks of the page."""
    text = page.read_text(encoding="utf-8")
    if START not in text or END not in text:
        raise AlmanacError(f"{page}: the marks {START!r} and {END!r} are missing")
    before, after = text.split(START)[0], text.split(END)[1]
    page.write_text(f"{before}{START}\n\n{HEAD}{table(figures)}\n{END}{after}", encoding="utf-8")


def table(figures: dict[str, Any]) -> str:
    """One line per figure."""
    lines: list[Line] = []
    for name, rows in (("bohanec_b2b", _bohanec), ("maven_crm", _maven), ("worlds", _worlds), ("cost", _cost)):
        if name in figures:
            lines += rows(figures[name])
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def _bohanec(figures: dict[str, Any]) -> list[Line]:
    name = f"bohanec_b2b, {figures['deals']} deals: AUC / Brier"
    plain = f"plain logistic regression {figures['plain_auc']} / {figures['plain_brier']}"
    return [(name, f"{figures['auc']} / {figures['brier']}", plain, ">= .80 and not below / <= .17")]


def _maven(figures: dict[str, Any]) -> list[Line]:
    head = f"maven_crm, {figures['head_deals']} deals of the last quarter: AUC / Brier of the outcome head"
    served = f"maven_crm, {figures['tested_deals']} open deals: AUC of `{figures['served_by']}`, which serves; drivers"
    base = f"base rate {figures['base_rate_brier']}"
    forecasts = figures["forecasts"]
    wape = {name: _wape(forecasts, name) for name in ("yhat", "last_value", "mean_of_12")}
    peers = f"last value {wape['last_value']:.3f}, mean of 12 {wape['mean_of_12']:.3f}"
    return [
        (head, f"{figures['head_auc']} / {figures['head_brier']}", base, "<= .55 / no worse"),
        (served, f"{figures['served_auc']}; {figures['drivers_named']}", "", "<= .55; none"),
        (f"maven_crm, bookings, 5 origins x lags 1-3, n = {len(forecasts)}: WAPE", f"{wape['yhat']:.3f}", peers, ""),
    ]


def _wape(rows: list[dict[str, Any]], name: str) -> float:
    return sum(abs(row[name] - row["actual"]) for row in rows) / sum(row["actual"] for row in rows)


def _worlds(figures: dict[str, Any]) -> list[Line]:
    size, win = f"{len(figures['seeds'])} worlds x {figures['origins']} origins", figures["win_model"]
    others = {name: win[name] for name in ("oracle", "by_stage", "typed")}
    auc, brier = (
        ", ".join(f"{name.replace('_', ' ')} {one[kind]:.3f}" for name, one in others.items())
        for kind in ("auc", "brier")
    )
    below = f"{win['auc_below_oracle']:.3f} +- {win['auc_below_oracle_se'] or 0:.3f} below the oracle"
    slopes = " to ".join(str(slope) for slope in win["calibration_slope_least_most"])
    lines: list[Line] = [
        (f"win chances, {size}, n = {win['n']:,}: AUC", f"{win['chance']['auc']:.3f}", f"{auc}; {below}", "within .01"),
        ("Brier", f"{win['chance']['brier']:.3f}", brier, "better than by stage and typed in"),
        ("calibration slope", f"{win['calibration_slope']:.2f}", f"worlds from {slopes}", ".9-1.1"),
    ]
    for lag, rows in figures["bookings_total"].items():
        lines += _lag(lag.replace("_", " "), rows)
    lines += [_level(level, rows) for level, rows in figures["levels"].items() if level != "total"]
    return [*lines, ("CPU s per origin, with the drawing of worlds", figures["cpu_s_per_origin"], "", "<= 10")]


def _lag(lag: str, figures: dict[str, Any]) -> list[Line]:
    wape, bias = figures["wape"], figures["bias"]
    peers = ", ".join(
        f"{name.replace('_', ' ')} {wape[name]:.3f}" for name in ("seasonal_naive", "last_value", "mean_of_12")
    )
    away = f"{100 * figures['above_oracle']:+.1f} +- {100 * (figures['above_oracle_se'] or 0):.1f} %"
    name = f"bookings, total, {lag}, n = {figures['n']}: WAPE"
    beside = f"oracle {wape['oracle']:.3f} ({away}), table alone {wape['table_yhat']:.3f}, {peers}"
    inside = f"{figures['coverage_80']} / {figures['coverage_95']}; {figures['above_median']}"
    biases = f"bias {bias['yhat']:+.3f}, oracle {bias['oracle']:+.3f}"
    return [
        (name, f"{wape['yhat']:.3f}", beside, "within 8 % of the oracle"),
        (f"- {lag}: coverage 80 / 95; share above the median", inside, biases, ".80 / .95; .4-.6"),
    ]


def _level(level: str, figures: dict[str, Any]) -> Line:
    inside = f"{figures['coverage_80']} / {figures['coverage_95']}; {figures['above_median']}"
    below = f"{100 * figures['below_best_peer']:.1f} +- {100 * (figures['below_best_peer_se'] or 0):.1f} %"
    name = (
        f"{level}, {figures['members']} members, lags 1-3 and 6, n = {figures['n']:,}: WAPE; coverage; above the median"
    )
    beside = f"best simple peer by origins before {figures['wape_best_peer_so_far']:.3f} ({below} below it)"
    return name, f"{figures['wape_yhat']:.3f}; {inside}", beside, "no worse by a standard error"


def _cost(figures: dict[str, Any]) -> list[Line]:
    world = figures["world"]
    name = "one world, scores with reasons and forecast at five levels: CPU s"
    lines: list[Line] = [(name, world["cpu_s"], f"{world['open_deals']} open deals", "<= 10")]
    for row in figures["open_deals"]:
        name = f"{row['open_deals']:,} open deals x {row['periods']} periods, with reasons: CPU s"
        lines.append((name, row["cpu_s"], f"scores {row['scores_cpu_s']}, {row['seconds']} s wall", "<= 60 at 100,000"))
    return [*lines, ("exponent of the CPU s over the size", figures.get("exponent", ""), "", "1: linear")]
