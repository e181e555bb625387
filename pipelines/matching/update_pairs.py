"""The part of an update that concerns pairs: blocks that gained or lost records, and the pairs of stale records.

Stale are records whose pairs must be looked for again: new and changed ones, and members of a block that grew above
its cap or shrank below it. Where only a rounded frequency moved, the pairs stay and are weighed again, and only those
of two records that both hold the value: evidence counts what the two have in common.
"""

import duckdb

from pipelines.matching.touched import either, rows, touched

CAPPED_BLOCKS = (
    "select block, count(*) as n from matching.mtc_blocks inner join matching.mtc_capped_blocks using (rule_no)"
    " group by block having count(*) > any_value(block_cap)"
)
# stale records that were there before
_STOOD = (
    "(select record_no from touched.stale where record_no in (from touched.old_numbers)"
    " or record_no not in (from touched.new_nos))"
)


def keep_blocks(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Bring the blocks of stale records and the sizes of these blocks up to date."""
    blocks = touched("mtc_blocks", "mtc_records").replace("touched.mtc_records", "touched.stale_records")
    connection.execute(
        "create table touched.stale_records as from touched.weighed_records where record_no in (from touched.stale);"
        f"create table touched.new_blocks as {blocks};"
        "create table touched.old_blocks as from matching.mtc_blocks limit 0"
    )
    if rows(connection, f"from {_STOOD} limit 1"):
        connection.execute(
            "insert into touched.old_blocks from matching.mtc_blocks where record_no in (from touched.stale);"
            "delete from matching.mtc_blocks where record_no in (from touched.stale)"
        )
    connection.execute(_MOVED_BLOCKS)
    connection.execute(_CAPPED)
    _cross_caps(connection)
    return None


# sizes: of blocks that gained or lost records; those above their cap are kept count of, their members are not read
_MOVED_BLOCKS = """
create table touched.moved_blocks as
    select rule_no, block,
        count(*) filter (where is_new) as gained, count(*) filter (where not is_new) as lost
    from (
        select *, true as is_new from (from touched.new_blocks except from touched.old_blocks)
        union all
        select *, false as is_new from (from touched.old_blocks except from touched.new_blocks)
    )
    group by all;
insert into matching.mtc_blocks by name from touched.new_blocks;
create table touched.mtc_blocks as
    from matching.mtc_blocks
    where block in (
        (select block from touched.new_blocks union select block from touched.moved_blocks)
        except select block from matching.kept_capped
    );
create table touched.sizes as
    with members as (select block, count(*) as n_members from touched.mtc_blocks group by all)
    select rule_no, block, block_cap,
        coalesce(kept.n + gained - lost, n_members, 0) as n_now, n_now - gained + lost as n_before
    from touched.moved_blocks
    left join members using (block)
    left join matching.kept_capped as kept using (block)
    inner join matching.mtc_capped_blocks using (rule_no)
"""


def _cross_caps(connection: duckdb.DuckDBPyConnection) -> None:
    """Members of blocks that crossed their cap are stale as well, and so are all blocks of theirs looked at."""
    connection.execute(
        "create table touched.crossed as select * from touched.sizes"
        " where (n_now > block_cap) != (n_before > block_cap);"
        "delete from matching.kept_capped where block in (select block from touched.sizes);"
        "insert into matching.kept_capped select block, n_now from touched.sizes where n_now > block_cap;"
        "delete from touched.mtc_blocks where block in (select block from touched.crossed where n_now > block_cap)"
    )
    if not rows(connection, "from touched.crossed limit 1"):
        return
    connection.execute(
        "create table touched.crossing as select distinct record_no from matching.mtc_blocks"
        " where block in (select block from touched.crossed);"
        "insert into touched.stale from touched.crossing;"
        "create table touched.further_blocks as select distinct block from matching.mtc_blocks"
        " where record_no in (from touched.crossing) and block not in (select block from matching.kept_capped)"
        " and block not in (select block from touched.mtc_blocks);"
        "insert into touched.mtc_blocks from matching.mtc_blocks where block in (from touched.further_blocks)"
    )


_CAPPED = """
create or replace table matching.mtc_capped_blocks as
with change as (
    select
        rule_no,
        sum(cast(n_now > 0 as int) - cast(n_before > 0 as int)) as blocks,
        sum(cast(n_now > block_cap as int) - cast(n_before > block_cap as int)) as capped_blocks,
        sum(if(n_now > block_cap, n_now, 0) - if(n_before > block_cap, n_before, 0)) as records,
        sum(if(n_now > block_cap, n_now * (n_now - 1) / 2, 0)
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


def keep_pairs(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Find and weigh the pairs of stale records again; seeds are the records whose evidence is another than before."""
    stood = bool(rows(connection, f"from {_STOOD} limit 1"))
    of_stood = f"(record_no_l in {_STOOD} or record_no_r in {_STOOD})" if stood else "false"
    of_stale = "(record_no_l in (from touched.stale) or record_no_r in (from touched.stale))"
    connection.execute(
        "create table touched.reweighed as select record_no from touched.moved_nos"
        " where record_no not in (from touched.stale);"
        "create table touched.evidence_before as from matching.mtc_evidence"
        f" where {of_stood} or ({_both('touched.reweighed')})"
    )
    if stood:
        connection.execute(f"delete from matching.mtc_candidates where {of_stood}")
    connection.execute(
        f"create table touched.mtc_candidates as select * from ({touched('mtc_candidates', 'mtc_blocks')})"
        f" where {of_stale};"
        "insert into matching.mtc_candidates by name from touched.mtc_candidates"
    )
    _standing_pairs(connection)
    connection.execute(
        "create table touched.mtc_records as from matching.mtc_records where record_no in"
        " (select unnest([record_no_l, record_no_r]) from touched.mtc_candidates)"
    )
    connection.execute(
        f"create table touched.mtc_evidence as {touched('mtc_evidence', 'mtc_candidates', 'mtc_records')};"
        "delete from matching.mtc_evidence where (record_no_l, record_no_r) in"
        " (select record_no_l, record_no_r from touched.evidence_before);"
        "insert into matching.mtc_evidence by name from touched.mtc_evidence;"
        "create table touched.seeds as from touched.new_nos union all from touched.old_numbers union all"
        " select unnest([record_no_l, record_no_r])"
        f" from ({either('touched.evidence_before', 'touched.mtc_evidence')}) union all"
        f" select unnest([record_no_l, record_no_r]) from matching.mtc_certain_links where {of_stale}"
    )
    return None


def _both(record_nos: str) -> str:
    return f"record_no_l in (from {record_nos}) and record_no_r in (from {record_nos})"


def _standing_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the pairs that stay and are weighed again: those that were kept, and where a shared value is rarer now, or
    another person is the rarest, those that said too little as well. A value of more records can only say less."""
    connection.execute(
        "insert into touched.mtc_candidates by name select record_no_l, record_no_r, rule_no"
        f" from touched.evidence_before where {_both('touched.reweighed')};"
        "create table touched.rarer as select distinct record_no from touched.moves"
        " where (is_rarer or field = 'contact') and record_no in (from touched.reweighed)"
    )
    if rows(connection, "from touched.rarer limit 1"):
        connection.execute(
            "insert into touched.mtc_candidates by name from matching.mtc_candidates"
            f" where {_both('touched.rarer')} and (record_no_l, record_no_r) not in"
            " (select record_no_l, record_no_r from touched.mtc_candidates)"
        )
