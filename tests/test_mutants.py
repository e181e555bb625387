"""Faults are drawn by a seed, the few tests that call the place are found, and what they see is told."""

import ast
import signal
import time
from pathlib import Path

import pytest
from conftest import REPOSITORY

from pipelines.bench import mutants, mutants_base, mutants_run, mutants_tests
from pipelines.bench.mutants_draw import Mutant, draw, mutants_of

pytestmark = pytest.mark.fast
SOURCE = """
LIMIT = 3


def is_small(value, strict):
    if not strict:
        return value <= LIMIT + 1
    return value < LIMIT and value >= 0 or value is None
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A package of one module, with a test that looks at it closely and one that does not."""
    (tmp_path / "pipelines" / "toy").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    (tmp_path / "pipelines" / "toy" / "sizes.py").write_text(SOURCE)
    (tmp_path / "tests" / "test_sizes.py").write_text(
        "from pipelines.toy.sizes import is_small\n"
        "def test_the_bound_itself():\n    assert not is_small(3, True)\n"
        "def test_nothing():\n    is_small(1, True)\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  slow\n  real\n")
    return tmp_path


def faults(tree: Path) -> list[Mutant]:
    return list(mutants_of(tree, tree / "pipelines" / "toy" / "sizes.py"))


def test_every_kind_of_fault_is_written_once_at_its_place(tree: Path) -> None:
    written = {(m.line, m.kind, m.before, m.after) for m in faults(tree)}
    assert (2, "constant", "3", "4") in written
    assert (6, "not", "not strict", "(strict)") in written
    assert (7, "arithmetic", "LIMIT + 1", "(LIMIT - 1)") in written
    assert (8, "comparison", "value < LIMIT", "(value <= LIMIT)") in written
    assert (8, "and or", "value < LIMIT and value >= 0", "(value < LIMIT or value >= 0)") in written
    assert (8, "comparison", "value is None", "(value is not None)") in written
    for mutant in faults(tree):
        changed = mutant.apply(SOURCE.encode())
        assert changed != SOURCE.encode()
        ast.parse(changed)


def test_a_seed_draws_the_same_faults_and_another_one_others() -> None:
    first, again, other = (draw(REPOSITORY, "pipelines/gates", seed, 20) for seed in (1, 1, 2))
    assert first == again != other
    assert len({mutant.key for mutant in first}) == 20


def test_the_tests_that_call_the_function_are_chosen_the_quickest_first(tree: Path) -> None:
    place = "pipelines/toy/sizes.py"
    seen = {
        "tests": [["tests/a.py::slow", 9.0], ["tests/a.py::quick", 0.1], ["tests/a.py::other", 0.0]],
        "fixtures": {"tests/a.py": 0.5},
        "seen": {f"{place}:is_small": [0, 1], f"{place}:6": [0, 1], f"{place}:8": [1], "pipelines/toy/x.py:1": [2]},
    }
    of_line = {m.line: mutants_tests.tests_for(m, seen, tree, "pipelines/toy") for m in faults(tree)}
    assert of_line[6] == of_line[2] == ["tests/a.py::quick"], "what takes longer than a fault may is left out"
    assert of_line[7] == [], "no test comes to this line"
    assert mutants_tests.seconds_of(["tests/a.py::slow", "tests/a.py::quick"], seen) == pytest.approx(9.6)
    shared = seen | {"seen": {f"{place}:7": ["tests/a.py"]}}
    inside = next(m for m in faults(tree) if m.line == 7)
    assert mutants_tests.tests_for(inside, shared, tree, "pipelines/toy") == ["tests/a.py::other", "tests/a.py::quick"]


def test_a_run_without_faults_notes_the_lines_of_each_test(tree: Path, tmp_path: Path) -> None:
    (tree / "tests" / "test_sizes.py").write_text(
        (tree / "tests" / "test_sizes.py").read_text()
        + "def test_the_loose_bound():\n    assert is_small(4, False)\n"
        + "def test_that_fails():\n    assert is_small(5, False)\n"
    )
    known = mutants_base.watched(tree, "pipelines/toy", ["tests/test_sizes.py"], tmp_path / "seen.json")
    names = [test.split("::")[1] for test, _ in known["tests"]]
    assert names == ["test_the_bound_itself", "test_nothing", "test_the_loose_bound"]
    assert known["seen"]["pipelines/toy/sizes.py:is_small"] == [0, 1, 2]
    assert known["seen"]["pipelines/toy/sizes.py:7"] == [2]
    assert known["seen"]["pipelines/toy/sizes.py:8"] == [0, 1]
    assert mutants_base.watched(tree, "pipelines/toy", ["tests/test_sizes.py"], tmp_path / "seen.json") == known
    assert "pipelines/toy/sizes.py:2" not in known["seen"], "a module's body is run once, by whoever imports it first"


def test_what_is_known_of_a_module_of_tests_is_replaced_when_the_module_changes() -> None:
    known = {
        "tests": [["tests/a.py::one", 1.0], ["tests/b.py::two", 2.0]],
        "fixtures": {"tests/a.py": 0.1, "tests/b.py": 0.2},
        "seen": {"p.py:1": [0, 1, "tests/a.py"], "p.py:2": [0], "p.py:3": [1, "tests/b.py"]},
        "packages": ["numpy"],
    }
    new = {
        "tests": [["tests/a.py::other", 3.0]],
        "fixtures": {"tests/a.py": 0.3},
        "seen": {"p.py:1": [0], "p.py:4": [0]},
        "packages": ["numpy", "polars"],
    }
    assert mutants_base.merged(known, new, {"tests/b.py"}) == {
        "tests": [["tests/a.py::other", 3.0], ["tests/b.py::two", 2.0]],
        "fixtures": {"tests/a.py": 0.3, "tests/b.py": 0.2},
        "seen": {"p.py:1": [0, 1], "p.py:4": [0], "p.py:3": [1, "tests/b.py"]},
        "packages": ["numpy", "polars"],
    }


def test_a_fault_is_killed_by_the_test_that_looks_and_survives_the_other(tree: Path, tmp_path: Path) -> None:
    bound = next(m for m in faults(tree) if m.before == "value < LIMIT")
    source = (tree / bound.path).read_text()
    log = tmp_path / "log.txt"
    looks, passes = "tests/test_sizes.py::test_the_bound_itself", "tests/test_sizes.py::test_nothing"
    mutants_run.control(tree, [looks, passes], log)
    assert mutants_run.verdict(tree, bound, [looks, passes], 0.0, log) == "killed"
    assert mutants_run.failed([looks, passes], log) == looks
    assert mutants_run.verdict(tree, bound, [passes], 0.0, log) == "survived"
    assert mutants_run.verdict(tree, bound, [], 0.0, log) == "unreached"
    assert (tree / bound.path).read_text() == source, "the fault is taken out again"
    with pytest.raises(RuntimeError, match="without a fault"):
        mutants_run.control(tree, ["tests/test_sizes.py::test_that_is_not_there"], log)


def test_what_no_longer_ends_is_ended(tree: Path) -> None:
    assert mutants_run.in_child(tree, lambda: time.sleep(60) or 0, 0.01, tree / "log.txt") == (-1, True)
    code, late = mutants_run.in_child(tree, lambda: sum(iter(int, 1)), 1, tree / "log.txt")
    assert late and code == -signal.SIGXCPU, "a loop may wait for the processor, it may not use more of it"


def test_a_summary_counts_what_ran() -> None:
    rows = [{"verdict": verdict} for verdict in ("killed", "timeout", "survived", "unreached")]
    told = mutants.summary("toy", rows, drawn=10)
    assert (told["run"], told["killed"], told["killed_share"], len(told["survivors"])) == (4, 2, 0.5, 2)
