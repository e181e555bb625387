"""The part of an update that concerns pairs: blocks that gained or lost records, and the pairs of stale records."""

import duckdb

from pipelines.matching.touched import either, touched


def keep_blocks(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Stale are then also the members of blocks that grew above their cap or shrank below it."""
    members = "from matching.mtc_blocks semi join touched.moved_blocks using (block)"
    sizes = f"select rule_no, block, count(*) as n {members} group by all"
    connection.execute(f"create table touched.new_blocks as {touched('mtc_blocks', 'mtc_records')}")
    connection.execute(
        "create table touched.old_blocks as from matching.mtc_blocks where record_no in (from touched.stale);"
        "create table touched.moved_blocks as select distinct block from"
        f" ({either('touched.old_blocks', 'touched.new_blocks')});"
        f"create table touched.sizes_before as {sizes};"
        "delete from matching.mtc_blocks where record_no in (from touched.stale);"
        "insert into matching.mtc_blocks by name from touched.new_blocks;"
        "create table touched.sizes as select rule_no, block, block_cap, coalesce(b.n, 0) as n_before,"
        " coalesce(a.n, 0) as n"
        f" from touched.sizes_before as b full join ({sizes}) as a using (rule_no, block)"
        " inner join matching.mtc_capped_blocks using (rule_no);"
        "insert into touched.stale select distinct record_no from matching.mtc_blocks"
        " where block in (select block from touched.sizes where (n > block_cap) != (n_before > block_cap))"
    )
    connection.execute(_CAPPED)
    return None


_CAPPED = """
create or replace table matching.mtc_capped_blocks as
with change as (
    select
        rule_no,
        sum(cast(n > 0 as int) - cast(n_before > 0 as int)) as blocks,
        sum(cast(n > block_cap as int) - cast(n_before > block_cap as int)) as capped_blocks,
        sum(if(n > block_cap, n, 0) - if(n_before > block_cap, n_before, 0)) as records,
        sum(if(n > block_cap, n * (n - 1) / 2, 0)
            - if(n_before > block_cap, n_before * (n_before - 1) / 2, 0)) as pairs,
    from touched.sizes
    group by all
)
select
    rules.* replace (
        block_count + coalesce(change.blocks, 0)::bigint as block_count,
        capped_block_count + coalesce(change.capped_blocks, 0)::bigint as capped_block_count,
        capped_record_count + coalesce(change.records, 0)::bigint as capped_record_count,
        skipped_pair_count + coalesce(change.pairs, 0)::bigint as skipped_pair_count
    ),
from matching.mtc_capped_blocks as rules
left join change using (rule_no)
order by rules.rule_no
"""
_STALE_PAIR = "(record_no_l in (from touched.stale) or record_no_r in (from touched.stale))"


def keep_pairs(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Weigh every pair of a stale record again; seeds are those records and whoever was tied to them."""
    connection.execute(
        "create table touched.seeds as select record_no from touched.stale;"
        "create table touched.old_links as select record_no_l, record_no_r from matching.mtc_pairs"
        f" where score_bits > 0 and {_STALE_PAIR} union all select record_no_l, record_no_r"
        f" from matching.mtc_certain_links where {_STALE_PAIR};"
        "insert into touched.seeds select unnest([record_no_l, record_no_r]) from touched.old_links;"
        f"delete from matching.mtc_candidates where {_STALE_PAIR};"
        f"delete from matching.mtc_evidence where {_STALE_PAIR};"
        "create table touched.mtc_blocks as from matching.mtc_blocks where block in"
        " (select block from matching.mtc_blocks where record_no in (from touched.stale))"
    )
    connection.execute(
        f"create table touched.mtc_candidates as select * from ({touched('mtc_candidates', 'mtc_blocks')})"
        f" where {_STALE_PAIR}"
    )
    connection.execute(
        "create or replace table touched.mtc_records as from matching.mtc_records where record_no in"
        " (select unnest([record_no_l, record_no_r]) from touched.mtc_candidates)"
    )
    connection.execute(
        "insert into matching.mtc_candidates by name from touched.mtc_candidates;"
        f"insert into matching.mtc_evidence by name {touched('mtc_evidence', 'mtc_candidates', 'mtc_records')}"
    )
    return None
