"""Which typed rows are loaded and which are quarantined: words looked up, faults repaired, keys and rules checked.

Works on the table `typed` of the scratch database and leaves the table `faults` (record, column, code, because) beside
it. A record without a fault, and not a control row, is accepted. Each record is counted once whatever is wrong with it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeVar

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.contracts import CanonicalObject, ObjectContract
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.cast import ERRORS, Casting
from pipelines.ingest.casting.code_lists import Vocabulary
from pipelines.ingest.casting.contract_sql_errors import sql_refused
from pipelines.ingest.formats.source import FileRefusedError

Made = TypeVar("Made")
MEANING = {
    "bad_number": "is not a number in the contract's format",
    "bad_integer": "is not a whole number",
    "bad_share": "is not a share: 0 to 1, or 0 to 100 with `scale: percent`",
    "bad_date": "is not a date in any of the contract's formats",
    "bad_boolean": "is none of the words for true and false",
    "damaged_id": "lost digits in a spreadsheet: export the id as text",
    "missing_value": "is required and empty",
    "missing_key": "a part of the key is empty",
    "duplicate_row": "the same row stands in the file before",
    "duplicate_key": "another row of the file has this key",
    "amounts_disagree": "net + tax is not gross",
    "forgotten": "belongs to a person whose data was removed on request",
}
CORRECTIONS = {
    "_record": pl.Int64, "source_id": pl.String, "column_name": pl.String, "old_value": pl.String,
    "new_value": pl.String, "rule": pl.String, "because": pl.String,
}  # fmt: skip


Words = Counter[tuple[str, str]]


def judge(
    connection: duckdb.DuckDBPyConnection,
    casting: Casting,
    vocabularies: Mapping[str, Vocabulary],
    unknown: Words | None = None,
) -> pl.DataFrame:
    """Fill `typed` and `faults`; the corrections that were made, one row per changed value.

    Raises FileRefusedError for words that no vocabulary knows. unknown: receives them where the rows are a piece of a
    file, of which all must be seen before it is refused, or two rows of it compared.
    """
    connection.execute(
        "create or replace table faults (_record bigint, column_name varchar, code varchar, because varchar)"
    )
    connection.execute(
        "insert into faults select _record, split_part(problem, '|', 1), split_part(problem, '|', 2), null "
        f"from (select _record, unnest(string_split(_errors, {literal(ERRORS)})) as problem "
        "from typed where not _is_control and _errors is not null)"
    )
    words = Words() if unknown is None else unknown
    _look_up(connection, casting, vocabularies, words)
    if unknown is None:
        refuse_unknown(words, casting.canonical, vocabularies)
    corrections = _by_contract(connection, casting, lambda: _repair(connection, casting))
    _find_missing(connection, casting)
    _by_contract(connection, casting, lambda: _find_broken_rules(connection, casting))
    if unknown is None:
        _find_duplicates(connection, casting.contract)
    return corrections


def _by_contract(connection: duckdb.DuckDBPyConnection, casting: Casting, step: Callable[[], Made]) -> Made:
    """What a step gives that runs SQL of the contract. Raises FileRefusedError that names the fault."""
    try:
        return step()
    except (duckdb.BinderException, duckdb.ParserException, duckdb.ConversionException) as error:
        raise sql_refused(connection, casting.contract, list(casting.canonical.sql_columns), error) from error


def refuse_unknown(unknown: Words, canonical: CanonicalObject, vocabularies: Mapping[str, Vocabulary]) -> None:
    """Raise FileRefusedError that names all unknown words of a file at once, with their rows and a proposal."""
    lines: list[str] = []
    for name, column in canonical.columns.items():
        found = [(text, count) for (where, text), count in unknown.items() if where == name]
        if found and column.map:
            vocabulary = vocabularies[column.map]
            said = [_unknown(name, text, count, vocabulary) for text, count in sorted(found, key=_commonest)[:50]]
            lines.append(f"unknown {'; '.join(said)}: add a row per word to {vocabulary.seed}")
    if lines:
        kind = "currency" if all(line.startswith("unknown currency") for line in lines) else "word"
        raise FileRefusedError(f"unmapped_{kind}", "; ".join(lines))


def _commonest(found: tuple[str, int]) -> tuple[int, str]:
    return (-found[1], found[0])


def _unknown(name: str, text: str, count: int, vocabulary: Vocabulary) -> str:
    guess = vocabulary.proposal(text)
    return f"{name} {text!r} ({count} rows)" + (f", perhaps {guess}" if guess else "")


def _look_up(
    connection: duckdb.DuckDBPyConnection, casting: Casting, vocabularies: Mapping[str, Vocabulary], unknown: Words
) -> None:
    """Translate every mapped column."""
    for name, column in casting.canonical.columns.items():
        if column.map and name in casting.contract.columns:
            _translate(connection, name, vocabularies[column.map], unknown)


def _translate(connection: duckdb.DuckDBPyConnection, name: str, vocabulary: Vocabulary, unknown: Words) -> None:
    word = quoted(f"{name}_source")
    found = connection.execute(
        f"select {word}, count(*) from typed where not _is_control and {word} is not null "
        "group by all order by 2 desc, 1"
    ).fetchall()
    codes = [(text, vocabulary.code(text)) for text, _ in found]
    missing = {(name, text): count for (text, count), (_, code) in zip(found, codes, strict=True) if code is None}
    unknown.update(missing)
    if codes and not missing:
        branches = " ".join(f"when {literal(text)} then {literal(code or '')}" for text, code in codes)
        connection.execute(f"update typed set {quoted(name)} = case {word} {branches} end where {word} is not null")


def _repair(connection: duckdb.DuckDBPyConnection, casting: Casting) -> pl.DataFrame:
    """Apply the contract's corrections in their order, keeping old and new value of each."""
    made = [_emptied(connection)] if any(item.on_error == "empty" for item in casting.contract.columns.values()) else []
    for correction in casting.contract.corrections:
        named = {
            name: f"cast(({sql}) as {casting.canonical.columns[name].sql_type})" for name, sql in correction.set.items()
        }
        for name, sql in named.items():
            made.append(
                connection.execute(
                    f"select _record, source_id, {literal(name)} as column_name, "
                    f"cast({quoted(name)} as varchar) as old_value, "
                    f"cast({sql} as varchar) as new_value, {literal(correction.name)} as rule, "
                    f"{literal(correction.because)} as because from typed "
                    f"where not _is_control and ({correction.when}) and {quoted(name)} is distinct from {sql}"
                ).pl()
            )
        assigned = ", ".join(f"{quoted(name)} = {sql}" for name, sql in named.items())
        connection.execute(f"update typed set {assigned} where not _is_control and ({correction.when})")
    return pl.concat([pl.DataFrame(schema=CORRECTIONS), *(frame.cast(CORRECTIONS) for frame in made)])  # type: ignore[arg-type]


def _emptied(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    return connection.execute(
        "select _record, source_id, entry.column_name, entry.old_value, cast(null as varchar) as new_value, "
        "'unreadable_value_emptied' as rule, 'the contract says on_error: empty' as because "
        "from (select _record, source_id, unnest(_emptied) as entry from typed "
        "where not _is_control and len(_emptied) > 0)"
    ).pl()


def _find_missing(connection: duckdb.DuckDBPyConnection, casting: Casting) -> None:
    required = [name for name, column in casting.canonical.columns.items() if column.required]
    missing = [(quoted(name), name, "missing_value") for name in required if name in casting.contract.columns]
    missing.append(("source_id", "|".join(casting.contract.key), "missing_key"))
    gaps = [f"case when {value} is null then {literal(f'{name}~{code}')} end" for value, name, code in missing]
    connection.execute(
        "insert into faults select _record, split_part(gap, '~', 1), split_part(gap, '~', 2), null from ("
        f"select _record, unnest([{', '.join(gaps)}]) as gap from typed "
        f"where not _is_control and ({' or '.join(f'{value} is null' for value, _, _ in missing)})) "
        "where gap is not null and (_record, split_part(gap, '~', 1)) not in "
        "(select (_record, column_name) from faults)"
    )


def _find_broken_rules(connection: duckdb.DuckDBPyConnection, casting: Casting) -> None:
    amounts = ("amount_net", "amount_tax", "amount_gross")
    read = [name for name in amounts if casting.shape.columns.get(name)]
    if len(read) == len(amounts):
        # A cent per rounding of each part, and a thousandth for prices that were rounded before they were multiplied.
        gap = "abs(amount_net + amount_tax - amount_gross) > greatest(0.05, 0.001 * abs(amount_gross))"
        _fault(connection, gap, "amount_gross", "amounts_disagree")
    for check in casting.contract.checks:
        _fault(connection, f"not coalesce(({check.expect}), true)", "", check.name, check.because)


def _fault(
    connection: duckdb.DuckDBPyConnection, when: str, column: str, code: str, because: str | None = None
) -> None:
    reason = literal(because) if because else "null"
    connection.execute(
        f"insert into faults select _record, {literal(column)}, {literal(code)}, {reason} from typed "
        f"where not _is_control and ({when})"
    )


def _find_duplicates(connection: duckdb.DuckDBPyConnection, contract: ObjectContract) -> None:
    sound = "from typed where not _is_control and _record not in (select _record from faults)"
    if not contract.has_key or not len(repeated(connection, f"select hash(source_id) as mark {sound}")):
        return
    found = connection.execute(
        f"create or replace table twins as with sound as (select {twin_columns(contract)} {sound}) "
        "select * from sound where source_id in (select source_id from sound group by source_id having count(*) > 1)"
    ).fetchone()
    if found != (0,):
        judge_twins(connection, contract)


def repeated(connection: duckdb.DuckDBPyConnection, marks: str) -> NDArray[np.uint64]:
    """The marks, hashes of keys, that a query yields more than once. Sorting them takes half of what grouping does."""
    found = np.sort(connection.execute(marks).fetchnumpy()["mark"])
    return np.unique(found[1:][found[1:] == found[:-1]])


def twin_columns(contract: ObjectContract) -> str:
    """What two rows of one key are compared by."""
    latest = quoted(contract.latest_column) if contract.latest_column else "null"
    return f"_record, source_id, _row_hash, {latest} as latest"


def judge_twins(connection: duckdb.DuckDBPyConnection, contract: ObjectContract) -> None:
    """Fill `faults` from `twins`, rows that share their key with another.

    Of identical rows the first stays. Of different rows with one key none stays, unless the contract says which.
    """
    connection.execute(
        "insert into faults select _record, null, 'duplicate_row', null from twins "
        "qualify row_number() over (partition by source_id, _row_hash order by _record) > 1"
    )
    left = "from twins where _record not in (select _record from faults)"
    if contract.latest_column:
        connection.execute(
            f"insert into faults select _record, null, 'duplicate_key', null {left} "
            "qualify row_number() over (partition by source_id order by latest desc nulls last, _record desc) > 1"
        )
    else:
        connection.execute(
            f"insert into faults select _record, null, 'duplicate_key', null {left} "
            "qualify count(*) over (partition by source_id) > 1"
        )
