"""`almanac bench match`: quality and cost of matching against known truth, and of Splink 5 in the same run.

Ours is the untuned default of `almanac match FILE`; Splink is trained on the same columns and gets its best threshold,
which needs the truth that a user does not have.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines.bench import match_peer
from pipelines.bench.match_companies import made_companies
from pipelines.bench.match_data import DATA, sample_company
from pipelines.bench.match_peer_scale import measure_scale
from pipelines.bench.match_people import made_people
from pipelines.bench.match_scores import quality
from pipelines.bench.match_update import measure_update
from pipelines.home.settings import REPOSITORY
from pipelines.keys import parse_name
from pipelines.keys.chinese_short_name import link_short_names
from pipelines.matching.engine import engine
from pipelines.matching.fit import fit_weights
from pipelines.matching.models import run_models
from pipelines.resolve.cluster_input import read_cluster_input

__all__ = ["DATA", "MADE", "measure_ours", "run"]

MADE = {"made_people": made_people, "made_companies": made_companies}
MADE_RECORDS = 100_000


def run(datasets: str = "", sets: str = "", sizes: str = "10000,100000", peer: str = "yes") -> dict[str, Any]:
    """Every figure as JSON-able values. Seconds are wall seconds, cpu_s process seconds of all threads.

    datasets: folder of public data sets; sets: which of them and of `MADE`, comma-separated (by default all);
    sizes: records of the sample company; peer: "no" leaves Splink out.
    """
    folder = Path(datasets or os.environ.get("ALMANAC_DATASETS", REPOSITORY.parent / "shared" / "datasets"))
    wanted = [name for name in DATA if (not sets or name in sets.split(",")) and folder.is_dir()]
    figures: dict[str, Any] = {"sets": {}, "scale": []}
    for name in wanted:
        records = DATA[name](folder)
        figures["sets"][name] = {"almanac": measure_ours(records)}
        if peer == "yes":
            figures["sets"][name]["splink"] = match_peer.measure(name, records)
    for name, make in MADE.items():
        if not sets or name in sets.split(","):
            figures["sets"][name] = {"almanac": measure_ours(make(MADE_RECORDS))}
    if folder.is_dir() and not sets:
        figures["chinese_short_names"] = short_names(folder)
        figures["chinese_pairs"] = chinese_pairs(folder)
    for size in filter(None, sizes.split(",")):
        records = sample_company(int(size))
        figures["scale"].append({"records": int(size), **measure_ours(records, fit=False)})
        if peer == "yes":
            figures["scale"][-1]["splink_frozen"] = measure_scale(records)
        figures["scale"][-1]["new_records"] = measure_update(records, min(1000, int(size) // 50))
    figures["exponent"] = _exponent(figures["scale"])
    return figures


def measure_ours(records: pl.DataFrame, fit: bool = True) -> dict[str, float]:
    """Pairwise (implied by the clusters) and B-cubed precision, recall and F1 against the column `truth`, and cost."""
    started, cpu = time.perf_counter(), time.process_time()
    with engine(records.drop("truth")) as connection:
        run_models(connection)
        if fit:
            fit_weights(connection)
        inputs = read_cluster_input(connection)
        labels = inputs.clusters().labels
        cost = {"seconds": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
        broken = _broken_promises(connection) | {"candidate_recall": _candidate_recall(connection, records)}
    truth = inputs.records.join(records, on=["source_system", "source_id"], how="left", maintain_order="left")["truth"]
    return {**quality(labels.tolist(), truth.to_list()), **{k: round(v, 2) for k, v in cost.items()}, **broken}


def _broken_promises(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    columns = [
        row[0] for row in connection.execute("describe matching.mtc_pairs").fetchall() if row[0].endswith("_bits")
    ]
    total = " + ".join(name for name in columns if name != "score_bits")
    row = connection.execute(f"select count(*) from matching.mtc_pairs where score_bits != {total}").fetchone()
    return {"pairs_whose_bits_do_not_sum": row[0] if row else 0}


def _candidate_recall(connection: duckdb.DuckDBPyConnection, records: pl.DataFrame) -> float:
    """Share of the true pairs that blocking offers: no score can find more, except through a third record."""
    truth = records.select("source_system", "source_id", "truth")  # noqa: F841 - DuckDB reads it
    offered, true = connection.execute(
        "with numbered as (select record_no, truth from truth"
        " inner join matching.mtc_records using (source_system, source_id))"
        " select (select count(*) from matching.mtc_candidates"
        " inner join numbered as l on record_no_l = l.record_no"
        " inner join numbered as r on record_no_r = r.record_no where l.truth = r.truth),"
        " (select sum(n * (n - 1) / 2) from (select count(*) as n from numbered group by truth))"
    ).fetchall()[0]
    return round(offered / max(float(true or 0), 1.0), 4)


def short_names(folder: Path) -> dict[str, float]:
    """A-share short names to full names: top-1, and the share answered while precision stays at .995."""
    pairs = pl.read_csv(folder / "identity" / "cn_ashare_short_full.csv").drop_nulls()
    pairs = pairs.unique("证券简称", keep="first", maintain_order=True)
    linked = link_short_names(pairs["证券简称"].to_list(), pairs["公司中文名称"].to_list())
    linked = linked.with_columns(is_right=(pl.col("full") == pairs["公司中文名称"]).fill_null(False))
    right = linked.sort("margin", descending=True)["is_right"].to_numpy().cumsum()
    counts = np.arange(1, len(right) + 1)
    answered = int(max(counts[right / counts >= 0.995], default=0))
    return {
        "names": len(linked),
        "top_1": round(float(linked["is_right"].to_numpy().mean()), 4),
        "answered_at_precision_995": round(answered / len(linked), 4),
    }


def chinese_pairs(folder: Path) -> dict[str, Any]:
    """858 labelled pairs by name alone: merged (same core, no other place), and merged or sent to review."""
    pairs = pl.read_excel(folder / "identity" / "cn_company_pairs.xlsx", infer_schema_length=0)
    rows = [(parse_name(row[0]), parse_name(row[1]), row[2] == "是") for row in pairs.rows()]
    rules: dict[str, Callable[..., bool]] = {"same_core": _same_core, "same_core_or_contained": _contained}
    return {
        name: _specificity([(rule(left, right), same) for left, right, same in rows]) for name, rule in rules.items()
    }


def _same_core(left: Any, right: Any) -> bool:
    is_elsewhere = left.place and right.place and left.place != right.place
    return left.core == right.core and left.branch == right.branch and not is_elsewhere


def _contained(left: Any, right: Any) -> bool:
    """The two cores differ by insertions only: the comparison level `contained` of the SQL."""
    if _same_core(left, right):
        return True
    short, long = sorted((left.core, right.core), key=len)
    rest = iter(long)
    is_elsewhere = left.place and right.place and left.place != right.place
    return all(c in rest for c in short) and left.branch == right.branch and not is_elsewhere


def _specificity(answers: list[tuple[bool, bool]]) -> dict[str, Any]:
    negatives = [is_match for is_match, same in answers if not same]
    positives = [is_match for is_match, same in answers if same]
    rejected, n = sum(not is_match for is_match in negatives), len(negatives)
    # Wilson's score interval (JASA 22, 1927), because there are only 25 negatives
    centre, spread = rejected / n + 1.9207 / n, 1.96 * np.sqrt(rejected * (n - rejected) / n**3 + 0.9604 / n**2)
    low, high = (float((centre + side * spread) / (1 + 3.8416 / n)) for side in (-1, 1))
    return {
        "recall": round(sum(positives) / len(positives), 4),
        "specificity": round(rejected / n, 4),
        "specificity_95": [round(low, 2), round(high, 2)],
    }


def _exponent(scale: list[dict[str, float]]) -> float | None:
    """b of cpu seconds = a * records ^ b, from the smallest to the largest size."""
    if len(scale) < 2:
        return None
    first, last = scale[0], scale[-1]
    return round(float(np.log(last["cpu_s"] / first["cpu_s"]) / np.log(last["records"] / first["records"])), 3)
