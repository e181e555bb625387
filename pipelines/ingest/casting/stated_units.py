"""The unit that a header or a title states for its amounts: read by the contract's `unit`, or asked about.

12.5 under `Amount (₹ Lakhs)` is 1,250,000; a contract that states no unit would load 12.5 without a word.
"""

from pipelines.contracts import Column, ObjectContract, canonical_objects
from pipelines.ingest.casting.header_mapping import HeaderMapping
from pipelines.ingest.casting.unit_words import stated_unit, unit_of
from pipelines.ingest.formats.source import FileRefusedError, Source


def refuse_unread_units(contract: ObjectContract, mapping: HeaderMapping, source: Source) -> None:
    """Raise FileRefusedError where a header of money, or a title, states a unit and the contract is silent."""
    columns = canonical_objects()[contract.object].columns
    money = {
        name: headers[0]
        for name, headers in mapping.columns.items()
        if len(headers) == 1 and "currency" in columns[name].unit and not contract.columns[name].expression
    }
    open_columns = {name: header for name, header in money.items() if not _says_unit(contract.columns[name])}
    for name, header in open_columns.items():
        if unit := unit_of(header):
            raise _question(f"the header {header!r}", name, header, unit)
    titled = stated_unit(source.titles)
    if titled and open_columns and len(open_columns) == len(money):
        name, header = next(iter(open_columns.items()))
        raise _question(f"the title ({titled[1]!r})", name, header, titled[0])


def _says_unit(column: Column) -> bool:
    return "unit" in column.model_fields_set


def _question(where: str, name: str, header: str, unit: float) -> FileRefusedError:
    answer = f"`{name}: {{from: {header!r}, unit: {unit:.0f}}}`"
    return FileRefusedError(
        "unread_unit",
        f"{where} states a unit of {unit:,.0f}, and the contract none: set {answer}, or `unit: 1` where the cells hold "
        "full amounts",
    )
