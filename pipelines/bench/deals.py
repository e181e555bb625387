"""`almanac bench deals`: win chances and the pipeline forecast, each beside its oracle and its peers in the same run.

Worlds are drawn from the sample company's laws with full histories, without files; every origin sees what was known at
its end. Public lists are read where they are. Seeds 101 and above were used while building; report others.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pipelines.bench.deals_company import measure_companies
from pipelines.bench.deals_cost import measure_cost
from pipelines.bench.deals_figures import WorldRows, figures_of
from pipelines.bench.deals_page import write_table
from pipelines.bench.deals_public import measure_bohanec, measure_maven
from pipelines.bench.deals_replay import replay
from pipelines.bench.deals_revenue import measure_revenue
from pipelines.home.settings import REPOSITORY


def run(
    seeds: str = "1-10",
    origins: str = "24",
    sets: str = "bohanec_b2b,maven_crm,worlds,revenue,cost",
    datasets: str = "",
    draws: str = "400",
    open_deals: str = "10000,100000",
    workers: str = "1",
    page: str = "",
    homes: str = "",
) -> dict[str, Any]:
    """Every figure as JSON-able values.

    seeds: of the worlds, such as 1-10 or 3,7; origins: monthly, per world; sets: what to measure; datasets: folder of
    the public lists; draws: futures per forecast; open_deals: sizes of the cost run; workers: worlds at a time;
    page: a Markdown page whose table of figures is written anew; homes: sample companies that have been built.
    """
    folder = Path(datasets or os.environ.get("ALMANAC_DATASETS", REPOSITORY.parent / "shared" / "datasets"))
    wanted, figures = sets.split(","), dict[str, Any]()
    if "bohanec_b2b" in wanted and (folder / "bohanec_b2b").is_dir():
        figures["bohanec_b2b"] = measure_bohanec(folder / "bohanec_b2b")
    if "maven_crm" in wanted and (folder / "maven_crm").is_dir():
        figures["maven_crm"] = measure_maven(folder / "maven_crm")
    if "worlds" in wanted:
        figures["worlds"] = _worlds(list(_numbers(seeds)), int(origins), int(draws), int(workers))
    if "revenue" in wanted:
        figures["revenue"] = measure_revenue(list(_numbers(seeds)), int(origins))
    if homes:
        figures["companies"] = measure_companies([Path(home) for home in homes.split(",")], int(origins))
    if "cost" in wanted:
        figures["cost"] = measure_cost([int(size) for size in open_deals.split(",")])
    if page:
        write_table(Path(page), figures)
    return figures


def _worlds(seeds: list[int], origins: int, draws: int, workers: int) -> dict[str, Any]:
    started = time.perf_counter()
    work = partial(replay, origins=origins, draws=draws)
    if workers > 1:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(work, seeds))
    else:
        parts = [work(seed) for seed in seeds]
    return {
        "seeds": seeds,
        "origins": origins,
        "seconds": round(time.perf_counter() - started),
        **figures_of(WorldRows.together(parts)),
    }


def _numbers(text: str) -> Iterator[int]:
    for part in text.split(","):
        low, _, high = part.partition("-")
        yield from range(int(low), int(high or low) + 1)
