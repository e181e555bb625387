"""What clustering needs from the matching tables, as arrays over record numbers."""

from dataclasses import dataclass, field

import duckdb
import numpy as np
import polars as pl

from pipelines.home.warehouse import frames
from pipelines.resolve.clusters import UNSCORED_BITS, Clusters, Ints, Links, cluster

NAME_ONLY = "name:"  # source_id of a record that facts imply by naming a customer without an id
GREY_BITS = -4.0  # below it a steward would review 16 pairs to find one match


@dataclass(frozen=True)
class ClusterInput:
    """records: one row per record in the order of record_no. pairs, links: the matching tables, 0-based numbers.

    code_names: which id each row of codes stands for. unproven: `l, r` of the pairs that score below 0 only because
    little is known of them.
    """

    records: pl.DataFrame
    pairs: pl.DataFrame
    links: pl.DataFrame
    codes: Ints
    code_names: list[str]
    unproven: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"l": pl.Int64, "r": pl.Int64}))

    def clusters(self) -> Clusters:
        """Group the records."""
        return cluster(
            len(self.records),
            _links(self.decided_links),
            _links(self.key_links),
            _links(self.links.filter(~pl.col("is_same"))),
            _links(self.voting_pairs, "score_bits"),
            self.codes,
        )

    @property
    def voting_pairs(self) -> pl.DataFrame:
        """Pairs by score, in which a record that is only a name says nothing against a merge.

        A typed name repeats that of the record it means: where two letters are swapped in it, approvals and signatures
        would outvote the one registration number that two records share. A pair of which nothing disagrees says no more
        than one that was never compared: one question, asked of every pair of two clusters, is not more evidence.
        """
        is_name = self.records.select("record", is_name=pl.col("source_id").str.starts_with(NAME_ONLY))
        ends = self.pairs.join(is_name, left_on="l", right_on="record", maintain_order="left")
        ends = ends.join(is_name, left_on="r", right_on="record", suffix="_r", maintain_order="left")
        is_silent = (pl.col("is_name") | pl.col("is_name_r")) & (pl.col("score_bits") < 0)
        ends = ends.join(self.unproven.with_columns(is_unproven=True), on=["l", "r"], how="left", maintain_order="left")
        score = pl.when("is_unproven").then(pl.max_horizontal("score_bits", pl.lit(UNSCORED_BITS)))
        votes = pl.when(is_silent).then(0.0).otherwise(score.otherwise("score_bits")).alias("score_bits")
        return ends.with_columns(votes).drop("is_name", "is_name_r", "is_unproven")

    @property
    def decided_links(self) -> pl.DataFrame:
        """Links that a person decided, in the order they are followed: before all other links."""
        return self.links.filter(pl.col("is_same") & (pl.col("rule") == "override"))

    @property
    def key_links(self) -> pl.DataFrame:
        """Links by key, in the order they are followed."""
        return self.links.filter(pl.col("is_same") & (pl.col("rule") != "override"))


def read_cluster_input(connection: duckdb.DuckDBPyConnection, record_nos: Ints | None = None) -> ClusterInput:
    """Read `matching.*` of this run; of a subset of the records, if their numbers are given.

    Records stand in the order of their keys, whatever their numbers: those may come from earlier runs.
    """
    of = "" if record_nos is None else " semi join wanted using (record_no)"
    both = "" if record_nos is None else " and record_no_l in (from wanted) and record_no_r in (from wanted)"
    numbers = pl.DataFrame({"record_no": record_nos}) if record_nos is not None else pl.DataFrame({"record_no": []})
    with frames(connection, wanted=numbers):
        records = connection.execute(
            "select record_no, source_system, source_id, account_name,"
            " if(is_tax_id_valid, tax_id_key, null) as valid_tax_id"
            f" from matching.mtc_records{of} order by source_system, source_id"
        ).pl()
        pairs = connection.execute(
            "select record_no_l, record_no_r, score_bits::double as score_bits, is_unproven"
            f" from matching.mtc_pairs where score_bits > {GREY_BITS - 20}{both}"
        ).pl()
        links = connection.execute(
            f"select record_no_l, record_no_r, is_same, rule, cause from matching.mtc_certain_links where true{both}"
        ).pl()
    records = records.with_row_index("record").with_columns(pl.col("record").cast(pl.Int64))
    with frames(connection, records=records):
        namespaces = connection.execute(
            "select record_no, namespace, namespace_key from matching.mtc_namespaces"
            " inner join records using (source_system, source_id)"
        ).pl()
    positions = records.select("record_no", "record")
    namespaces = namespaces.join(positions, on="record_no").sort("namespace", "record")
    codes, names = _codes(records, namespaces)
    pairs = _with_positions(pairs, positions).sort("l", "r")
    links = _with_positions(links, positions).sort("rule", "l", "r", "cause")
    unproven = pairs.filter("is_unproven").select("l", "r")
    return ClusterInput(records.drop("record_no"), pairs.drop("is_unproven"), links, codes, names, unproven)


def _with_positions(pairs: pl.DataFrame, positions: pl.DataFrame) -> pl.DataFrame:
    """Pairs of record numbers as pairs `l < r` of positions in the frame of records."""
    numbers = positions["record_no"].to_numpy()
    position_of: Ints = np.zeros(int(numbers.max()) + 1 if len(numbers) else 1, dtype=np.int64)
    position_of[numbers] = positions["record"].to_numpy()
    left, right = (position_of[pairs[name].to_numpy()] for name in ("record_no_l", "record_no_r"))
    ends = {"l": np.minimum(left, right), "r": np.maximum(left, right)}
    return pairs.with_columns(**{name: pl.Series(end) for name, end in ends.items()}).select(
        "l", "r", pl.exclude("l", "r", "record_no_l", "record_no_r")
    )


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
