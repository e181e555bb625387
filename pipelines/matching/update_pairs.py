"""The pairs of an update: blocks that gained or lost records, and the pairs of stale records.

Stale are records whose pairs must be searched again: new and changed ones, and members of a block that grew above its
cap or shrank below it. Where only a rounded frequency changed, the pairs stay and are weighed again, and only those of
two records that both have the value: match weights depend on what the two have in common.
"""

import duckdb

from pipelines.matching.sql_deltas import delta_sql, rows, symmetric_difference

CAPPED_BLOCKS = (
    "select block, count(*) as n from matching.mtc_blocks inner join matching.mtc_capped_blocks using (rule_no)"
    " group by block having count(*) > any_value(block_cap)"
)
# stale records that existed before
_STALE_BEFORE = (
    "(select record_no from delta.stale where record_no in (from delta.old_numbers)"
    " or record_no not in (from delta.new_nos))"
)


def keep_blocks(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Bring the blocks of stale records and the sizes of these blocks up to date."""
    blocks = delta_sql("mtc_blocks", "mtc_records").replace("delta.mtc_records", "delta.stale_records")
    connection.execute(
        "create table delta.stale_records as from delta.recomputed_records where record_no in (from delta.stale);"
        f"create table delta.new_blocks as {blocks};"
        "create table delta.old_blocks as from matching.mtc_blocks limit 0"
    )
    if rows(connection, f"from {_STALE_BEFORE} limit 1"):
        connection.execute(
            "insert into delta.old_blocks from matching.mtc_blocks where record_no in (from delta.stale);"
            "delete from matching.mtc_blocks where record_no in (from delta.stale)"
        )
    connection.execute(_RESIZED_BLOCKS)
    connection.execute(_CAPPED)
    _cross_caps(connection)
    return None


# sizes: of blocks that gained or lost records; blocks above their cap are only counted, their members are not read
_RESIZED_BLOCKS = """
create table delta.resized_blocks as
    select rule_no, block,
        count(*) filter (where is_new) as gained, count(*) filter (where not is_new) as lost
    from (
        select *, true as is_new from (from delta.new_blocks except from delta.old_blocks)
        union all
        select *, false as is_new from (from delta.old_blocks except from delta.new_blocks)
    )
    group by all;
insert into matching.mtc_blocks by name from delta.new_blocks;
create table delta.mtc_blocks as
    from matching.mtc_blocks
    where block in (
        (select block from delta.new_blocks union select block from delta.resized_blocks)
        except select block from matching.kept_capped
    );
create table delta.sizes as
    with members as (select block, count(*) as n_members from delta.mtc_blocks group by all)
    select rule_no, block, block_cap,
        coalesce(kept.n + gained - lost, n_members, 0) as n_now, n_now - gained + lost as n_before
    from delta.resized_blocks
    left join members using (block)
    left join matching.kept_capped as kept using (block)
    inner join matching.mtc_capped_blocks using (rule_no)
"""


def _cross_caps(connection: duckdb.DuckDBPyConnection) -> None:
    """Mark the members of blocks that crossed their cap as stale, and add all their blocks."""
    connection.execute(
        "create table delta.crossed_blocks as select * from delta.sizes"
        " where (n_now > block_cap) != (n_before > block_cap);"
        "delete from matching.kept_capped where block in (select block from delta.sizes);"
        "insert into matching.kept_capped select block, n_now from delta.sizes where n_now > block_cap;"
        "delete from delta.mtc_blocks where block in (select block from delta.crossed_blocks where n_now > block_cap)"
    )
    if not rows(connection, "from delta.crossed_blocks limit 1"):
        return
    connection.execute(
        "create table delta.crossing_nos as select distinct record_no from matching.mtc_blocks"
        " where block in (select block from delta.crossed_blocks);"
        "insert into delta.stale from delta.crossing_nos;"
        "create table delta.further_blocks as select distinct block from matching.mtc_blocks"
        " where record_no in (from delta.crossing_nos) and block not in (select block from matching.kept_capped)"
        " and block not in (select block from delta.mtc_blocks);"
        "insert into delta.mtc_blocks from matching.mtc_blocks where block in (from delta.further_blocks)"
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
    from delta.sizes
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
    """Find and weigh the pairs of stale records again; `start_nos` are the records whose match weights changed."""
    has_stale_before = bool(rows(connection, f"from {_STALE_BEFORE} limit 1"))
    of_stale_before = (
        f"(record_no_l in {_STALE_BEFORE} or record_no_r in {_STALE_BEFORE})" if has_stale_before else "false"
    )
    of_stale = "(record_no_l in (from delta.stale) or record_no_r in (from delta.stale))"
    connection.execute(
        "create table delta.reweighed as select record_no from delta.recounted_nos"
        " where record_no not in (from delta.stale);"
        "create table delta.evidence_before as from matching.mtc_evidence"
        f" where {of_stale_before} or ({_both_in('delta.reweighed')})"
    )
    if has_stale_before:
        connection.execute(f"delete from matching.mtc_candidates where {of_stale_before}")
    connection.execute(
        f"create table delta.mtc_candidates as select * from ({delta_sql('mtc_candidates', 'mtc_blocks')})"
        f" where {of_stale};"
        "insert into matching.mtc_candidates by name from delta.mtc_candidates"
    )
    _reweigh_kept_pairs(connection)
    connection.execute(
        "create table delta.mtc_records as from matching.mtc_records where record_no in"
        " (select unnest([record_no_l, record_no_r]) from delta.mtc_candidates)"
    )
    connection.execute(
        f"create table delta.mtc_evidence as {delta_sql('mtc_evidence', 'mtc_candidates', 'mtc_records')};"
        "delete from matching.mtc_evidence where (record_no_l, record_no_r) in"
        " (select record_no_l, record_no_r from delta.evidence_before);"
        "insert into matching.mtc_evidence by name from delta.mtc_evidence;"
        "create table delta.start_nos as from delta.new_nos union all from delta.old_numbers union all"
        " select unnest([record_no_l, record_no_r])"
        f" from ({symmetric_difference('delta.evidence_before', 'delta.mtc_evidence')}) union all"
        f" select unnest([record_no_l, record_no_r]) from matching.mtc_certain_links where {of_stale}"
    )
    return None


def _both_in(record_nos: str) -> str:
    return f"record_no_l in (from {record_nos}) and record_no_r in (from {record_nos})"


def _reweigh_kept_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the pairs that stay and are weighed again: those that were kept, and where a shared value is rarer now, or
    another contact person is the rarest, also those below the minimum. A more frequent value can only weigh less."""
    connection.execute(
        "insert into delta.mtc_candidates by name select record_no_l, record_no_r, rule_no"
        f" from delta.evidence_before where {_both_in('delta.reweighed')};"
        "create table delta.rarer as select distinct record_no from delta.recounted_records"
        " where (is_rarer or field = 'contact') and record_no in (from delta.reweighed)"
    )
    if rows(connection, "from delta.rarer limit 1"):
        connection.execute(
            "insert into delta.mtc_candidates by name from matching.mtc_candidates"
            f" where {_both_in('delta.rarer')} and (record_no_l, record_no_r) not in"
            " (select record_no_l, record_no_r from delta.mtc_candidates)"
        )
