"""Sheets that write a header in different ways, one below the other: each is fitted to the contract by itself.

January has Amount and February Betrag: where the contract's `from` takes either, the cells of both end under one
header. A sheet that lacks what the contract requires refuses the workbook, as it would if it were a file of its own.
"""

from dataclasses import replace

import duckdb

from pipelines.contracts import ObjectContract
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.control import control_sql, create_marked
from pipelines.ingest.casting.header_mapping import Shape, fit
from pipelines.ingest.casting.unpivot import long_headers
from pipelines.ingest.formats.source import SHEET, FileRefusedError, Source, folded

Moves = dict[str, dict[str, str]]  # header to the sheets on which its cells stand under another one


def fit_sheets(connection: duckdb.DuckDBPyConnection, source: Source, contract: ObjectContract) -> Source:
    """The source with the cells of each column under one header on every sheet.

    Raises FileRefusedError that names the sheets that do not fit.
    """
    if not source.sheets:
        return source
    own = _own_shapes(source, contract)
    shape = fit(contract, source.headers)
    moves = _moves(shape, {sheet: fitted for sheet, (_, fitted) in own.items()}, source.headers)
    if not moves:
        return source
    left = _left(moves, shape)
    has = {header: {sheet for sheet, (folds, _) in own.items() if folded(header) in folds} for header in left}
    headers = [header for header in source.headers if header not in left or has[header] - left[header]]
    cells = ", ".join(_cell(header, moves.get(header, {}), left.get(header, set())) for header in headers)
    control = "_is_control" if source.has_control else f"{control_sql(source, contract)} as _is_control"
    table = f"fitted as select _record, {control}, {cells} from {source.relation} order by _record"
    create_marked(connection, table, source, contract)
    return replace(source, headers=headers, relation="fitted", table="fitted", has_control=True)


def _own_shapes(source: Source, contract: ObjectContract) -> dict[str, tuple[set[str], Shape]]:
    """What each sheet has, folded, and what that feeds."""
    found, faults = {}, {}
    for sheet, own in source.sheets.items():
        try:
            headers = long_headers(contract, [*own, *source.added])
            found[sheet] = set(map(folded, headers)), fit(contract, headers)
        except FileRefusedError as refusal:
            faults[f"sheet {sheet!r}: {refusal.reason}"] = refusal.code
    if faults:
        reason, code = "; ".join(faults), next(iter(faults.values()))
        raise FileRefusedError(code, f"{reason}; or let `sheets` leave out what holds no records")
    return found


def _moves(shape: Shape, shapes: dict[str, Shape], headers: list[str]) -> Moves:
    """Where the header of a column stands under another alias. A join takes the parts that there are."""
    written, moves = {folded(header): header for header in reversed(headers)}, Moves()
    for name, target in ((name, found[0]) for name, found in shape.columns.items() if len(found) == 1):
        fitted = {sheet: own.columns[name] for sheet, own in shapes.items() if own.columns[name]}
        others = {sheet: written[folded(found[0])] for sheet, found in fitted.items()}
        others = {sheet: header for sheet, header in others.items() if header != target}
        if moves.setdefault(target, others) != others:
            said = ", ".join(sorted({*others, *moves[target]}))
            raise FileRefusedError("contract", f"columns that share the header {target!r} part on the sheets {said}")
    return {header: others for header, others in moves.items() if others}


def _left(moves: Moves, shape: Shape) -> dict[str, set[str]]:
    """Header that nothing else reads to the sheets that its cells were moved from, so that they are not kept twice."""
    used = {*(name for names in shape.columns.values() for name in names), *shape.keys.values(), *shape.said.values()}
    found: dict[str, set[str]] = {}
    for sheet, header in (item for others in moves.values() for item in others.items()):
        if header not in used:
            found.setdefault(header, set()).add(sheet)
    return found


def _cell(header: str, moved: dict[str, str], left: set[str]) -> str:
    cases = {sheet: quoted(other) for sheet, other in moved.items()} | dict.fromkeys(left, "null")
    if not cases:
        return quoted(header)
    said = " ".join(f"when {literal(sheet)} then {cell}" for sheet, cell in sorted(cases.items()))
    return f"case {quoted(SHEET)} {said} else {quoted(header)} end as {quoted(header)}"
