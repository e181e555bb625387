"""The position of a line within its document, for exports whose lines have no number: `from: [行号, _position]`."""

from dataclasses import replace

import duckdb

from pipelines.contracts import ObjectContract
from pipelines.contracts.objects import POSITION
from pipelines.home.warehouse import quoted
from pipelines.ingest.formats.source import FileRefusedError, Source, folded


def add_position(
    connection: duckdb.DuckDBPyConnection, source: Source, contract: ObjectContract, *, is_chunk: bool
) -> Source:
    """The source with a column `_position`, where a column reads it and no other of its headers is in the file.

    It counts the rows of one document, those that share the other parts of the key, in the file's order. Raises
    FileRefusedError for a file that is read in chunks: a document may lie in two of them.
    """
    present = set(map(folded, source.headers))
    asking = [
        name
        for name, column in contract.columns.items()
        if POSITION in column.source and not any(folded(alias) in present for alias in column.source)
    ]
    if not asking:
        return source
    if is_chunk:
        raise FileRefusedError("missing_header", f"{asking[0]}: a file of this size needs a header for it")
    others = [contract.columns[part] for part in contract.key if part in contract.columns and part not in asking]
    wanted = [{folded(alias) for alias in column.source} for column in others]
    document = [next((header for header in source.headers if folded(header) in names), "") for names in wanted]
    parts = ", ".join(quoted(header) for header in document if header)
    over = f"{f'partition by {parts} ' if parts else ''}order by _record"
    connection.execute(
        f"create table positioned as select *, cast(row_number() over ({over}) as varchar) as {quoted(POSITION)} "
        f"from {source.relation} order by _record"
    )
    added = (*source.added, POSITION)
    headers = [*source.headers, POSITION]
    return replace(source, headers=headers, relation="positioned", table="positioned", added=added)
