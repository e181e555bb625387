"""Draws small faults of the source: which expression of which module is written otherwise, by a seed."""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

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
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Mutant:
    """One fault: bytes `start` to `end` of a module, of a function or of the module's own body, written otherwise.

    `head` is the first and the last line of the statement it stands in, without the statements inside that one;
    `at_import`: it runs when the module is imported, in no call.
    """

    path: str
    line: int
    head: tuple[int, int]
    at_import: bool
    function: str
    kind: str
    start: int
    end: int
    before: str
    after: str

    @property
    def lines(self) -> range:
        """Lines of what is written otherwise."""
        return range(self.line, self.line + self.before.count("\n") + 1)

    @property
    def key(self) -> str:
        """What it is called in a table of results."""
        return f"{self.path}:{self.line}:{self.start} {self.kind}"

    def apply(self, source: bytes) -> bytes:
        """The module with the fault in it."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def places(root: Path, package: str) -> list[Mutant]:
    """Every fault of all modules of `package`, a folder below `root`."""
    return [mutant for path in sorted((root / package).rglob("*.py")) for mutant in mutants_of(root, path)]


def draw(root: Path, package: str, seed: int, count: int) -> list[Mutant]:
    """At most `count` of the `places` that compile, the same for the same seed."""
    every = places(root, package)
    random.Random(seed).shuffle(every)
    return list(islice((mutant for mutant in every if _compiles(root, mutant)), count))


def mutants_of(root: Path, path: Path) -> Iterator[Mutant]:
    """Every fault of one module that can be written down."""
    source = path.read_bytes()
    name = path.relative_to(root).as_posix()
    starts = [0]
    for text in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(text))
    module = ast.parse(source)
    for node, scope in _nodes(module, Place("", (1, 1), True)):
        for written, kind, after in _faults(node):
            start = starts[written.lineno - 1] + written.col_offset
            end = starts[(written.end_lineno or 0) - 1] + (written.end_col_offset or 0)
            before = source[start:end].decode()
            yield Mutant(
                name, written.lineno, scope.head, scope.at_import, scope.function, kind, start, end, before, after
            )


def _compiles(root: Path, mutant: Mutant) -> bool:
    try:
        compile(mutant.apply((root / mutant.path).read_bytes()), mutant.path, "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


class Place(NamedTuple):
    """Where an expression stands: function, first and last line of its statement, whether it runs at import."""

    function: str
    head: tuple[int, int]
    at_import: bool


def _nodes(node: ast.AST, scope: Place) -> Iterator[tuple[ast.expr | ast.stmt, Place]]:
    """Statements and expressions with their place: no annotation, no text with values inside."""
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or name in ("annotation", "returns") or isinstance(child, ast.JoinedStr):
                continue
            inside = _place(child, scope, name == "body" and isinstance(node, FUNCTIONS))
            if isinstance(child, ast.expr | ast.stmt) and not isinstance(child, (*FUNCTIONS, ast.ClassDef)):
                yield child, inside
            yield from _nodes(child, inside)


def _place(child: ast.AST, scope: Place, in_function: bool) -> Place:
    """Decorators and defaults of a function belong to it by name, and run when it is defined."""
    at_import = scope.at_import and not in_function
    if not isinstance(child, ast.stmt):
        return scope._replace(at_import=at_import)
    body = getattr(child, "body", None)
    head = (child.lineno, max(child.lineno, body[0].lineno - 1) if body else child.end_lineno or child.lineno)
    name = child.name if isinstance(child, (*FUNCTIONS, ast.ClassDef)) else ""
    return Place(f"{scope.function}.{name}".strip("."), head, at_import)


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
