"""Which typed rows are loaded and which are quarantined: words mapped, corrections applied, keys and rules checked.

Reads and updates the table `typed` of the scratch database and fills the table `faults` (record, column, code,
because). A record without a fault that is no control row is accepted. A record counts once, however many faults it has.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeVar

import duckdb
import polars as pl

from pipelines.contracts import CanonicalObject, ObjectContract
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.cast import ERRORS, PHONES, Casting, is_emptied
from pipelines.ingest.casting.code_lists import Vocabulary
from pipelines.ingest.casting.contract_sql_errors import sql_refused
from pipelines.ingest.casting.damaged_cells import empty_error_words, find_damaged_ids
from pipelines.ingest.formats.source import FileRefusedError

Result = TypeVar("Result")
CORRECTIONS = {
    "_record": pl.Int64, "source_id": pl.String, "column_name": pl.String, "old_value": pl.String,
    "new_value": pl.String, "rule": pl.String, "because": pl.String,
}  # fmt: skip


UnknownWords = Counter[tuple[str, str]]


def validate_rows(
    connection: duckdb.DuckDBPyConnection,
    casting: Casting,
    vocabularies: Mapping[str, Vocabulary],
    unknown: UnknownWords | None = None,
) -> pl.DataFrame:
    """Validate `typed` and fill `faults`; the corrections that were made, one row per changed value.

    Raises FileRefusedError for unmapped words. unknown: collects them instead where the rows are one chunk of a file:
    unmapped words and duplicate keys are then checked over all chunks.
    """
    connection.execute(
        "create or replace table faults (_record bigint, column_name varchar, code varchar, because varchar)"
    )
    connection.execute(
        "insert into faults select _record, split_part(problem, '|', 1), split_part(problem, '|', 2), null "
        f"from (select _record, unnest(string_split(_errors, {literal(ERRORS)})) as problem "
        "from typed where not _is_control and _errors is not null)"
    )
    find_damaged_ids(connection, casting)
    errors = empty_error_words(connection, casting)
    words = UnknownWords() if unknown is None else unknown
    _look_up(connection, casting, vocabularies, words)
    if unknown is None:
        refuse_unknown_words(words, casting.canonical, vocabularies)
    corrections = _run_contract_sql(connection, casting, lambda: _apply_corrections(connection, casting))
    _find_missing_values(connection, casting)
    _run_contract_sql(connection, casting, lambda: _find_broken_rules(connection, casting))
    if unknown is None:
        _find_duplicates(connection, casting.contract)
    return pl.concat([corrections, errors.cast(CORRECTIONS)]) if errors.height else corrections  # type: ignore[arg-type]


def _run_contract_sql(connection: duckdb.DuckDBPyConnection, casting: Casting, step: Callable[[], Result]) -> Result:
    """The result of a step that runs the contract's own SQL. Raises FileRefusedError where the SQL fails."""
    try:
        return step()
    except (duckdb.BinderException, duckdb.ParserException, duckdb.ConversionException) as error:
        raise sql_refused(connection, casting.contract, list(casting.canonical.sql_columns), error) from error


def refuse_unknown_words(
    unknown: UnknownWords, canonical: CanonicalObject, vocabularies: Mapping[str, Vocabulary]
) -> None:
    """Raise FileRefusedError for all unmapped words of a file, with their counts and proposed codes."""
    lines: list[str] = []
    for name, column in canonical.columns.items():
        words = [(text, count) for (where, text), count in unknown.items() if where == name]
        if words and column.map:
            vocabulary = vocabularies[column.map]
            phrases = [_unknown(name, text, count, vocabulary) for text, count in sorted(words, key=_commonest)[:50]]
            lines.append(f"unknown {'; '.join(phrases)}: add a row per word to {vocabulary.seed}")
    if lines:
        kind = "currency" if all(line.startswith("unknown currency") for line in lines) else "word"
        raise FileRefusedError(f"unmapped_{kind}", "; ".join(lines))


def _commonest(word: tuple[str, int]) -> tuple[int, str]:
    return (-word[1], word[0])


def _unknown(name: str, text: str, count: int, vocabulary: Vocabulary) -> str:
    guess = vocabulary.proposal(text)
    return f"{name} {text!r} ({count} rows)" + (f", perhaps {guess}" if guess else "")


def _look_up(
    connection: duckdb.DuckDBPyConnection,
    casting: Casting,
    vocabularies: Mapping[str, Vocabulary],
    unknown: UnknownWords,
) -> None:
    """Translate every mapped column."""
    for name, column in casting.canonical.columns.items():
        if column.map and name in casting.contract.columns:
            _translate(connection, name, vocabularies[column.map], unknown)


def _translate(connection: duckdb.DuckDBPyConnection, name: str, vocabulary: Vocabulary, unknown: UnknownWords) -> None:
    word = quoted(f"{name}_source")
    counts = connection.execute(
        f"select {word}, count(*) from typed where not _is_control and {word} is not null "
        "group by all order by 2 desc, 1"
    ).fetchall()
    codes = [(text, vocabulary.code(text)) for text, _ in counts]
    missing = {(name, text): count for (text, count), (_, code) in zip(counts, codes, strict=True) if code is None}
    unknown.update(missing)
    if codes and not missing:
        branches = " ".join(f"when {literal(text)} then {literal(code or '')}" for text, code in codes)
        connection.execute(f"update typed set {quoted(name)} = case {word} {branches} end where {word} is not null")


def _apply_corrections(connection: duckdb.DuckDBPyConnection, casting: Casting) -> pl.DataFrame:
    """Apply the contract's corrections in their order; old and new value of each change."""
    corrections = (
        [_emptied(connection)]
        if any(is_emptied(name, column) for name, column in casting.contract.columns.items())
        else []
    )
    for correction in casting.contract.corrections:
        named = {
            name: f"cast(({sql}) as {casting.canonical.columns[name].sql_type})" for name, sql in correction.set.items()
        }
        for name, sql in named.items():
            corrections.append(
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
    return pl.concat([pl.DataFrame(schema=CORRECTIONS), *(frame.cast(CORRECTIONS) for frame in corrections)])  # type: ignore[arg-type]


def _emptied(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    return connection.execute(
        "select _record, source_id, entry.column_name, entry.old_value, cast(null as varchar) as new_value, "
        f"'unreadable_value_emptied' as rule, case when entry.column_name in {PHONES} "
        "then 'a spreadsheet rounded the number' else 'the contract says on_error: empty' end as because "
        "from (select _record, source_id, unnest(_emptied) as entry from typed "
        "where not _is_control and len(_emptied) > 0)"
    ).pl()


def _find_missing_values(connection: duckdb.DuckDBPyConnection, casting: Casting) -> None:
    required = [name for name, column in casting.canonical.columns.items() if column.required]
    required_values = [(quoted(name), name, "missing_value") for name in required if name in casting.contract.columns]
    required_values.append(("source_id", "|".join(casting.contract.key), "missing_key"))
    gaps = [f"case when {value} is null then {literal(f'{name}~{code}')} end" for value, name, code in required_values]
    connection.execute(
        "insert into faults select _record, split_part(gap, '~', 1), split_part(gap, '~', 2), null from ("
        f"select _record, unnest([{', '.join(gaps)}]) as gap from typed "
        f"where not _is_control and ({' or '.join(f'{value} is null' for value, _, _ in required_values)})) "
        "where gap is not null and (_record, split_part(gap, '~', 1)) not in "
        "(select (_record, column_name) from faults)"
    )


def _find_broken_rules(connection: duckdb.DuckDBPyConnection, casting: Casting) -> None:
    amounts = ("amount_net", "amount_tax", "amount_gross")
    read = [name for name in amounts if casting.mapping.columns.get(name)]
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
    if not contract.has_key or not len(repeated_hashes(connection, f"select hash(source_id) as mark {sound}")):
        return
    created = connection.execute(
        f"create or replace table duplicates as with sound as (select {duplicate_columns(contract)} {sound}) "
        "select * from sound where source_id in (select source_id from sound group by source_id having count(*) > 1)"
    ).fetchone()
    if created != (0,):
        reject_duplicate_keys(connection, contract)


def repeated_hashes(connection: duckdb.DuckDBPyConnection, marks: str) -> pl.Series:
    """The hashes of keys that a query returns more than once. Sorting takes half the time of grouping."""
    hashes = connection.execute(marks).pl()["mark"].sort()
    return hashes.filter(hashes == hashes.shift()).unique()


def duplicate_columns(contract: ObjectContract) -> str:
    """The columns by which two rows of one key are compared."""
    latest = quoted(contract.latest_column) if contract.latest_column else "null"
    return f"_record, source_id, _row_hash, {latest} as latest"


def reject_duplicate_keys(connection: duckdb.DuckDBPyConnection, contract: ObjectContract) -> None:
    """Fill `faults` from `duplicates`, rows that share their key with another.

    Of identical rows the first is kept. Of different rows with one key none is kept, unless the contract says which.
    """
    connection.execute(
        "insert into faults select _record, null, 'duplicate_row', null from duplicates "
        "qualify row_number() over (partition by source_id, _row_hash order by _record) > 1"
    )
    different = "from duplicates where _record not in (select _record from faults)"
    if contract.latest_column:
        connection.execute(
            f"insert into faults select _record, null, 'duplicate_key', null {different} "
            "qualify row_number() over (partition by source_id order by latest desc nulls last, _record desc) > 1"
        )
    else:
        connection.execute(
            f"insert into faults select _record, null, 'duplicate_key', null {different} "
            "qualify count(*) over (partition by source_id) > 1"
        )
