"""Draws small faults of the source: which expression of which module is written otherwise, by a seed."""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# A comparison's neighbour is the mistake that people make: one off at a bound, or the opposite.
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
}


@dataclass(frozen=True)
class Mutant:
    """One fault: bytes `start` to `end` of a module, of a function or of the module's own body, written otherwise."""

    path: str
    line: int
    function: str
    kind: str
    start: int
    end: int
    before: str
    after: str

    @property
    def key(self) -> str:
        """What it is called in a table of results."""
        return f"{self.path}:{self.line}:{self.start} {self.kind}"

    def apply(self, source: bytes) -> bytes:
        """The module with the fault in it."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def draw(root: Path, package: str, seed: int, count: int) -> list[Mutant]:
    """At most `count` faults of all modules of `package` (a folder below `root`), the same for the same seed."""
    every = [mutant for path in sorted((root / package).rglob("*.py")) for mutant in mutants_of(root, path)]
    random.Random(seed).shuffle(every)
    return every[:count]


def mutants_of(root: Path, path: Path) -> Iterator[Mutant]:
    """Every fault of one module that can be written down and still compiles."""
    source = path.read_bytes()
    starts = [0]
    for text in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(text))
    for node, function in _nodes(ast.parse(source), ""):
        for place, kind, after in _faults(node):
            start = starts[place.lineno - 1] + place.col_offset
            end = starts[(place.end_lineno or 0) - 1] + (place.end_col_offset or 0)
            name = path.relative_to(root).as_posix()
            mutant = Mutant(name, place.lineno, function, kind, start, end, source[start:end].decode(), after)
            try:
                compile(mutant.apply(source), name, "exec", dont_inherit=True)
            except SyntaxError:
                continue
            yield mutant


def _nodes(node: ast.AST, function: str) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Statements and expressions with the function they stand in: no annotation, no text with values inside."""
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or name in ("annotation", "returns") or isinstance(child, ast.JoinedStr):
                continue
            inside = function
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inside = f"{function}.{child.name}".lstrip(".")
            elif isinstance(child, ast.expr | ast.stmt):
                yield child, function
            yield from _nodes(child, inside)


def _faults(node: ast.expr | ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str, str]]:
    """Place, kind and text of the faults of one node."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        other = ast.Compare(node.left, [COMPARED[type(node.ops[0])](), *node.ops[1:]], node.comparators)
        yield node, "comparison", _text(other)
    elif isinstance(node, ast.BoolOp):
        yield node, "and or", _text(ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, "not", _text(node.operand)
    elif isinstance(node, ast.BinOp) and type(node.op) in CALCULATED and not _is_path(node):
        yield node, "arithmetic", _text(ast.BinOp(node.left, CALCULATED[type(node.op)](), node.right))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield node, "constant", str(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield node, "constant", repr(node.value + 1)
    elif isinstance(node, ast.If | ast.IfExp | ast.While) and not isinstance(node.test, ast.Compare | ast.BoolOp):
        yield node.test, "condition", _text(ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Return) and not (node.value is None or _is_none(node.value)):
        yield node, "return", "return None"


def _is_path(node: ast.BinOp) -> bool:
    """Text is joined to a path, or to another text: written otherwise it could not even start."""
    return any(
        isinstance(s, ast.JoinedStr) or (isinstance(s, ast.Constant) and isinstance(s.value, str))
        for s in (node.left, node.right)
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _text(node: ast.expr) -> str:
    """In brackets: what stood there may have bound more tightly."""
    return f"({ast.unparse(ast.fix_missing_locations(node))})"
