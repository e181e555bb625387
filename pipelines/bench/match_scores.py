"""How well clusters agree with the truth: pairwise and B-cubed."""

from typing import Any

import polars as pl


def quality(labels: list[Any], truth: list[Any]) -> dict[str, float]:
    """Pairwise precision, recall, F1 implied by clusters; B-cubed after Bagga and Baldwin (LREC 1998)."""
    counts = pl.DataFrame({"c": labels, "t": truth}, strict=False).group_by("c", "t").len("n").cast({"n": pl.Float64})
    counts = counts.with_columns(cn=pl.col("n").sum().over("c"), tn=pl.col("n").sum().over("t"))

    def pairs(sizes: pl.Series) -> float:
        return float((sizes * (sizes - 1) / 2).sum())

    hits = pairs(counts["n"])
    predicted, true = (pairs(counts.group_by(key).agg(pl.col("n").sum())["n"]) for key in ("c", "t"))
    b_precision = float((counts["n"] ** 2 / counts["cn"]).sum()) / len(labels)
    b_recall = float((counts["n"] ** 2 / counts["tn"]).sum()) / len(labels)
    precision, recall = hits / max(predicted, 1.0), hits / max(true, 1.0)
    values = {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(precision + recall, 1e-9),
        "b_cubed_f1": 2 * b_precision * b_recall / max(b_precision + b_recall, 1e-9),
    }
    return {name: round(value, 4) for name, value in values.items()}
