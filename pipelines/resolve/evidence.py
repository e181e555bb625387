"""What clustering needs from the matching tables, as arrays over record numbers."""

from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from pipelines.resolve.clusters import Clusters, Ints, Links, cluster

GREY_BITS = -4.0  # below it a steward would look at 16 pairs to find one twin


@dataclass(frozen=True)
class Evidence:
    """records: one row per record in the order of record_no. pairs, links: the matching tables, 0-based numbers.

    code_names: which id each row of codes stands for.
    """

    records: pl.DataFrame
    pairs: pl.DataFrame
    links: pl.DataFrame
    codes: Ints
    code_names: list[str]

    def clusters(self) -> Clusters:
        """Group the records."""
        same, rule = pl.col("is_same"), pl.col("rule")
        return cluster(
            len(self.records),
            _links(self.links.filter(same & (rule == "override"))),
            _links(self.certain),
            _links(self.links.filter(~same)),
            _links(self.pairs, "score_bits"),
            self.codes,
        )

    @property
    def certain(self) -> pl.DataFrame:
        """Links by key, in the order they are followed."""
        return self.links.filter(pl.col("is_same") & (pl.col("rule") != "override"))


def read_evidence(connection: duckdb.DuckDBPyConnection) -> Evidence:
    """Read `matching.*` of this run."""
    records = connection.execute(
        "select record_no - 1 as record, source_system, source_id, account_name,"
        " if(is_tax_id_valid, tax_id_key, null) as valid_tax_id from matching.mtc_records order by record_no"
    ).pl()
    pairs = connection.execute(
        "select record_no_l - 1 as l, record_no_r - 1 as r, score_bits::double as score_bits"
        f" from matching.mtc_pairs where score_bits > {GREY_BITS - 20} order by l, r"
    ).pl()
    links = connection.execute(
        "select record_no_l - 1 as l, record_no_r - 1 as r, is_same, rule, cause from matching.mtc_certain_links"
        " order by rule, l, r, cause"
    ).pl()
    namespaces = connection.execute(
        "select record_no - 1 as record, namespace, namespace_key from matching.mtc_namespaces"
        " inner join matching.mtc_records using (source_system, source_id) order by namespace, record"
    ).pl()
    codes, names = _codes(records, namespaces)
    return Evidence(records, pairs, links, codes, names)


def _codes(records: pl.DataFrame, namespaces: pl.DataFrame) -> tuple[Ints, list[str]]:
    names = ["valid tax id", *namespaces["namespace"].unique().sort()]
    codes = np.full((len(names), len(records)), -1, dtype=np.int64)
    codes[0] = records["valid_tax_id"].rank("dense").fill_null(0).cast(pl.Int64).to_numpy() - 1
    for row, name in zip(codes[1:], names[1:], strict=True):
        of_name = namespaces.filter(pl.col("namespace") == name)
        row[of_name["record"].to_numpy()] = of_name["namespace_key"].rank("dense").cast(pl.Int64).to_numpy() - 1
    return codes, names


def _links(frame: pl.DataFrame, bits: str | None = None) -> Links:
    weights = frame[bits].to_numpy() if bits else np.ones(len(frame))
    return Links(frame["l"].cast(pl.Int64).to_numpy(), frame["r"].cast(pl.Int64).to_numpy(), weights)
