"""Maps each sheet of a workbook to the contract separately, where sheets spell a header differently.

January has Amount and February Betrag: where the contract's `from` lists both, their cells end under one header. A
sheet that lacks what the contract requires refuses the workbook, as a separate file would be refused.
"""

from dataclasses import replace

import duckdb

from pipelines.contracts import ObjectContract
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.control import control_sql, create_marked
from pipelines.ingest.casting.header_mapping import HeaderMapping, map_headers
from pipelines.ingest.casting.unpivot import long_headers
from pipelines.ingest.formats.source import SHEET, FileRefusedError, Source, folded

Moves = dict[str, dict[str, str]]  # header to {sheet: the header under which the sheet has its cells}


def map_sheets(connection: duckdb.DuckDBPyConnection, source: Source, contract: ObjectContract) -> Source:
    """The source with the cells of each column under one header on every sheet.

    Raises FileRefusedError that names the sheets which lack a required header.
    """
    if not source.sheets:
        return source
    by_sheet = _sheet_mappings(source, contract)
    mapping = map_headers(contract, source.headers)
    moves = _moves(mapping, {sheet: own for sheet, (_, own) in by_sheet.items()}, source.headers)
    if not moves:
        return source
    emptied = _emptied_headers(moves, mapping)
    has = {header: {sheet for sheet, (folds, _) in by_sheet.items() if folded(header) in folds} for header in emptied}
    headers = [header for header in source.headers if header not in emptied or has[header] - emptied[header]]
    cells = ", ".join(_cell(header, moves.get(header, {}), emptied.get(header, set())) for header in headers)
    control = "_is_control" if source.has_control else f"{control_sql(source, contract)} as _is_control"
    table = f"mapped as select _record, {control}, {cells} from {source.relation} order by _record"
    create_marked(connection, table, source, contract)
    return replace(source, headers=headers, relation="mapped", table="mapped", has_control=True)


def _sheet_mappings(source: Source, contract: ObjectContract) -> dict[str, tuple[set[str], HeaderMapping]]:
    """Each sheet's folded headers and their mapping."""
    mappings, faults = {}, {}
    for sheet, own in source.sheets.items():
        try:
            headers = long_headers(contract, [*own, *source.added])
            mappings[sheet] = set(map(folded, headers)), map_headers(contract, headers)
        except FileRefusedError as refusal:
            faults[f"sheet {sheet!r}: {refusal.reason}"] = refusal.code
    if faults:
        reason, code = "; ".join(faults), next(iter(faults.values()))
        raise FileRefusedError(code, f"{reason}; or exclude sheets without records in `sheets`")
    return mappings


def _moves(mapping: HeaderMapping, by_sheet: dict[str, HeaderMapping], headers: list[str]) -> Moves:
    """The headers whose cells some sheets have under another alias. A join takes the parts that are present."""
    spelling, moves = {folded(header): header for header in reversed(headers)}, Moves()
    for name, target in ((name, names[0]) for name, names in mapping.columns.items() if len(names) == 1):
        read = {sheet: own.columns[name] for sheet, own in by_sheet.items() if own.columns[name]}
        sources = {sheet: spelling[folded(names[0])] for sheet, names in read.items()}
        sources = {sheet: header for sheet, header in sources.items() if header != target}
        if moves.setdefault(target, sources) != sources:
            sheets = ", ".join(sorted({*sources, *moves[target]}))
            raise FileRefusedError(
                "contract", f"columns that share the header {target!r} differ on the sheets {sheets}"
            )
    return {header: sources for header, sources in moves.items() if sources}


def _emptied_headers(moves: Moves, mapping: HeaderMapping) -> dict[str, set[str]]:
    """Headers that nothing else reads to the sheets whose cells were moved away, so that they are not kept twice."""
    used = {
        *(name for names in mapping.columns.values() for name in names),
        *mapping.keys.values(),
        *mapping.expression_headers.values(),
    }
    emptied: dict[str, set[str]] = {}
    for sheet, header in (item for sources in moves.values() for item in sources.items()):
        if header not in used:
            emptied.setdefault(header, set()).add(sheet)
    return emptied


def _cell(header: str, moved: dict[str, str], emptied: set[str]) -> str:
    cases = {sheet: quoted(source) for sheet, source in moved.items()} | dict.fromkeys(emptied, "null")
    if not cases:
        return quoted(header)
    branches = " ".join(f"when {literal(sheet)} then {cell}" for sheet, cell in sorted(cases.items()))
    return f"case {quoted(SHEET)} {branches} else {quoted(header)} end as {quoted(header)}"
