"""Why two records are, or are not, one customer: the pair, its match weights in bits and the decisive rule, as text."""

import duckdb

from pipelines.errors import AlmanacError


def explain(connection: duckdb.DuckDBPyConnection, ids: list[str]) -> str:
    """Explain a pair of records (`system|id`), or the records of one customer (`C...`), from the working file."""
    if len(ids) == 1:
        return _customer(connection, ids[0])
    if len(ids) == 2:
        return _pair(connection, *(_record(connection, record) for record in ids))
    raise AlmanacError("match explain: give one customer id, or two records as SYSTEM|ID")


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[dict[str, object]]:
    result = connection.execute(sql, list(values))
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _record(connection: duckdb.DuckDBPyConnection, record: str) -> dict[str, object]:
    system, _, source_id = record.partition("|")
    matches = _rows(
        connection,
        "select m.*, c.customer_id, c.rule, c.cause from matching.mtc_records m"
        " left join resolved.customer_map c using (source_system, source_id)"
        " where source_system = ? and source_id = ?",
        system,
        source_id,
    )
    if not matches:
        former = _rows(
            connection,
            "select max_by(customer_id, (recorded_at, run_id)) as customer_id from resolved.customer_events"
            " where source_system = ? and source_id = ? having count(*) > 0",
            system,
            source_id,
        )
        if former:
            raise AlmanacError(
                f"match explain: record {record!r} is not in the newest exports; it was customer"
                f" {former[0]['customer_id']}"
            )
        raise AlmanacError(f"match explain: no record {record!r} in the working file: write it as SYSTEM|ID")
    return matches[0]


def _customer(connection: duckdb.DuckDBPyConnection, customer_id: str) -> str:
    alias = _rows(connection, "from resolved.customer_aliases where alias_customer_id = ?", customer_id)
    current = str(alias[0]["customer_id"]) if alias else customer_id
    records = _rows(
        connection,
        "select source_system || '|' || source_id as record, account_name, rule, cause"
        " from resolved.customer_map join matching.mtc_records using (source_system, source_id)"
        " where customer_id = ? order by record",
        current,
    )
    events = _rows(
        connection,
        "select event, source_system || '|' || source_id as record, previous_customer_id, cause, run_id, as_of"
        " from resolved.customer_events where ? in (customer_id, previous_customer_id)"
        " order by recorded_at, run_id, record",
        current,
    )
    if not events and not records:
        raise AlmanacError(f"match explain: no customer {customer_id!r} in the working file")
    lines = [f"{customer_id} was merged into {current}"] if alias else []
    lines += [f"customer {current}: {len(records)} records"] if records else _absent_records(connection, current)
    lines += [f"  {r['record']}  {r['account_name'] or '(no name)'}  [{r['rule']}] {r['cause']}" for r in records]
    lines += _golden_record(connection, current)
    lines += ["events:", *map(_event, events)]
    return "\n".join(lines)


def _event(event: dict[str, object]) -> str:
    was = f"  (was {event['previous_customer_id']})" if event["previous_customer_id"] else ""
    return (
        f"  {event['run_id']}, as of {event['as_of']}  {event['event']}  {event['record']}{was}  {event['cause'] or ''}"
    )


def _absent_records(connection: duckdb.DuckDBPyConnection, customer_id: str) -> list[str]:
    """The records of a customer none of whose records is in the newest exports, and when each was last exported.

    No other customer gets the id, so that it is theirs again when they return.
    """
    records = _rows(
        connection,
        "with log as (select *, row_number() over ("
        "   partition by source_system, source_id order by recorded_at desc, run_id desc) as age"
        "   from resolved.customer_events),"
        " last_exports as (select source_system, source_id,"
        "   (max(exported_at) at time zone 'UTC' at time zone (select timezone from control.run))::date as last_on,"
        "   max_by(account_name, exported_at) as account_name from raw.accounts group by all)"
        " select source_system || '|' || source_id as record, account_name, last_on, run_id, as_of"
        " from log left join last_exports using (source_system, source_id)"
        " where age = 1 and customer_id = ? order by record",
        customer_id,
    )
    return [
        f"customer {customer_id}: none of its {len(records)} records is in the newest exports; the id stays theirs",
        *(
            f"  {r['record']}  {r['account_name'] or '(no name)'}  last exported on"
            f" {r['last_on'] or 'an unknown day'}, its customer since run {r['run_id']}, as of {r['as_of']}"
            for r in records
        ),
    ]


def _golden_record(connection: duckdb.DuckDBPyConnection, customer_id: str) -> list[str]:
    """The golden record, each value with the record it comes from; empty before the marts are built."""
    table = (
        "select 1 from information_schema.tables where table_schema = 'intermediate' and table_name = 'int_customers'"
    )
    if not connection.execute(table).fetchone():
        return []
    lines = [
        f"  {column:<18}{value}  from {row[column + '_source']}"
        for row in _rows(connection, "from intermediate.int_customers where customer_id = ?", customer_id)
        for column, value in row.items()
        if row.get(column + "_source") and value is not None
    ]
    return ["golden record:", *lines] if lines else []


def _pair(connection: duckdb.DuckDBPyConnection, l: dict[str, object], r: dict[str, object]) -> str:  # noqa: E741
    low, high = sorted((l, r), key=lambda record: int(str(record["record_no"])))
    lines = [f"{_name(record)}  -> customer {record['customer_id']}" for record in (low, high)]
    lines.append("one customer" if low["customer_id"] == high["customer_id"] else "two customers")
    certain = _rows(
        connection,
        "from matching.mtc_certain_links where (record_no_l, record_no_r) in ((?, ?), (?, ?))",
        *(low["record_no"], high["record_no"], high["record_no"], low["record_no"]),
    )
    lines += [f"  {'same' if c['is_same'] else 'kept apart'} by {c['rule']}: {c['cause']}" for c in certain]
    pair = _rows(
        connection,
        "from matching.mtc_pairs where record_no_l = ? and record_no_r = ?",
        *(low["record_no"], high["record_no"]),
    )
    lines += _bits(pair[0]) if pair else ["  not weighed: they share no blocking key, or too little else"]
    review = _rows(
        connection,
        "select reason from resolved.customer_reviews where"
        " (source_system_l, source_id_l, source_system_r, source_id_r) in ((?, ?, ?, ?), (?, ?, ?, ?))",
        *(x[k] for x, y in ((low, high), (high, low)) for x in (x, y) for k in ("source_system", "source_id")),
    )
    return "\n".join(lines + [f"  in review: {row['reason']}" for row in review])


def _name(record: dict[str, object]) -> str:
    return f"{record['source_system']}|{record['source_id']}  {record['account_name'] or '(no name)'}"


def _bits(pair: dict[str, object]) -> list[str]:
    """The match weights, one per line; they sum exactly to the score."""
    lines = [f"  compared as {pair['kind']}s, blocking rule {pair['rule']}"]
    for column, bits in pair.items():
        field = column.removesuffix("_bits")
        level = pair.get(f"{field}_level")
        if column.endswith("_bits") and field != "score" and (level or (bits and field in {"prior", "guard"})):
            lines.append(f"  {field:<12}{level or '':<18}{bits:>9}")
    return [*lines, f"  {'score':<30}{pair['score_bits']:>9}"]
