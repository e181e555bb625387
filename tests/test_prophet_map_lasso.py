"""The solver of the slopes against linear algebra and the conditions that a minimum of the lasso must meet."""

import numpy as np
import pytest
from kernels import as_python

from forecasts.prophet_map import lasso

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    as_python(monkeypatch, lasso)


def lower(matrix: np.ndarray) -> np.ndarray:
    """The lower triangle, with NaN where nothing may be read."""
    return np.where(np.tri(len(matrix), dtype=bool), matrix, np.nan)


def solved(matrix: np.ndarray, right: np.ndarray, size: int) -> np.ndarray:
    unknowns = right.copy()
    lasso.solve_cholesky(lower(matrix), unknowns, size)
    return unknowns


def test_equations_are_solved_from_the_lower_triangle_and_the_rest_is_left() -> None:
    columns = np.random.default_rng(1).normal(size=(9, 5))
    matrix, right = columns.T @ columns, np.array([1.0, -2, 3, 5, -7])
    np.testing.assert_allclose(solved(matrix, right, 5), np.linalg.solve(matrix, right))
    np.testing.assert_allclose(solved(matrix, right, 3)[:3], np.linalg.solve(matrix[:3, :3], right[:3]))
    assert solved(matrix, right, 3)[3:].tolist() == [5, -7]


@pytest.mark.parametrize(("rest", "is_information"), [(4.0, True), (4e-10, True), (4e-13, False), (0.0, False)])
def test_a_copy_of_another_column_gets_nothing(rest: float, is_information: bool) -> None:
    """The third column is the first and an own part whose square is `rest`: 1e-13 of it all is rounding."""
    matrix = np.array([[4.0, 0, 4], [0, 1, 0], [4, 0, 4 + rest]])
    unknowns = solved(matrix, np.array([8.0, 3, 8 + rest]), 3)
    np.testing.assert_allclose(unknowns, [1, 3, 1] if is_information else [2, 3, 0], rtol=1e-3, atol=1e-90)


def test_a_column_is_the_one_of_the_block_and_what_the_directions_have_in_common() -> None:
    random = np.random.default_rng(2)
    W, Q0, shrink = random.normal(size=(3, 4)), random.normal(size=(4, 4)), np.array([0.5, 2.0, 3.0])
    column = np.full(4, np.nan)
    lasso.add_column(2, column, shrink, W, Q0)
    np.testing.assert_allclose(column, Q0[2] + W.T @ (shrink * W[:, 2]))


@pytest.mark.parametrize(
    ("c", "penalty", "chosen"),
    [
        ([1.5, -2.5, 2.0], 1.0, 1),
        ([1.5, 2.5, -2.5], 1.0, 1),
        ([1.0, -1.0, 0.0], 1.0, -1),
        ([1.0, -1.0, 1 + 1e-9], 1.0, 2),
        ([0.5e-15, 0.0, 0.0], 0.0, -1),
        ([0.0, 2e-15, 0.0], 0.0, 1),
    ],
)
def test_the_slope_that_breaks_the_penalty_most_is_next(c: list[float], penalty: float, chosen: int) -> None:
    """Equal to the penalty, or beyond it by rounding only, is no reason."""
    none, gradient = np.zeros(0, np.int64), np.empty(3)
    found = lasso.steepest(np.array(c), penalty, np.zeros(3), none, np.zeros(3), np.empty((0, 3)), 0, gradient)
    assert found == chosen and gradient.tolist() == c


def test_a_slope_that_is_in_is_not_chosen_again_and_what_it_explains_is_gone() -> None:
    """Slope 1 is 2 and has the column 3, 5, 1: of 9, 20, -4 are left 3, 10, -6, and 10 is taken already."""
    delta, signs, gradient = np.array([0.0, 2, 0]), np.array([0.0, 1, 0]), np.empty(3)
    columns, active = np.array([[3.0, 5, 1]]), np.array([1])
    chosen = lasso.steepest(np.array([9.0, 20, -4]), 1.0, delta, active, signs, columns, 1, gradient)
    assert chosen == 2 and gradient.tolist() == [3, 10, -6]


def minimum(
    S: np.ndarray, c: np.ndarray, penalty: float, start: dict[int, float] | None = None
) -> tuple[np.ndarray, np.ndarray, int]:
    """Slopes, their signs and how many are active, from a start of some slopes."""
    size = len(c)
    delta, signs, active = np.zeros(size), np.zeros(size), np.full(size + 1, -9)
    for number, (slope, value) in enumerate((start or {}).items()):
        delta[slope], signs[slope], active[number] = value, np.sign(value), slope
    room = np.full((size + 1, size), np.nan), np.full((size + 1, size + 1), np.nan)
    rest = np.full(size + 1, np.nan), np.full(size, np.nan)
    W, Q0 = np.linalg.cholesky(S).T / np.sqrt(2), S / 2  # half of the matrix comes from either part
    count = lasso.solve_lasso(c, penalty, np.ones(size), W, Q0, delta, active, signs, len(start or {}), *room, *rest)
    assert sorted(active[:count]) == np.flatnonzero(signs).tolist()
    return delta, signs, count


@pytest.mark.parametrize("penalty", [0.0, 0.3, 1.0, 3.0, 100.0])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("start", [None, {0: 4.0, 5: -3.0}, dict.fromkeys(range(8), -1.0)])
def test_at_the_minimum_no_slope_can_gain_by_moving(penalty: float, seed: int, start: dict[int, float] | None) -> None:
    """From any start: the pull of an active slope is the penalty, in its direction; of all others it is no more."""
    random = np.random.default_rng(seed)
    columns = random.normal(size=(12, 8)) + random.normal(size=(12, 1))
    S, c = columns.T @ columns, columns.T @ random.normal(0, 2, 12)
    delta, signs, count = minimum(S, c, penalty, start)
    pull, is_active = c - S @ delta, signs != 0
    assert count == is_active.sum() and (np.sign(delta) == signs).all()
    np.testing.assert_allclose(pull[is_active], penalty * signs[is_active], atol=1e-9)
    assert (np.abs(pull[~is_active]) <= penalty + 1e-8).all()
    assert penalty < 100 or count == 0


def test_a_slope_that_would_change_its_sign_stops_at_zero_and_leaves() -> None:
    """Alone it would go from 1 to -3, by a quarter of the way to 0; a second one that stays takes its place."""
    delta, signs, active = np.array([1.0, 2.0]), np.array([1.0, 1.0]), np.array([0, 1, -9])
    columns, matrix, step = np.vstack([np.eye(2), np.zeros((1, 2))]), np.zeros((3, 3)), np.zeros(3)
    count = lasso.refit(np.array([-2.0, 6.0]), 1.0, delta, active, signs, columns, 2, matrix, step)
    assert count == 1 and active[0] == 1 and columns[0].tolist() == [0, 1]
    assert delta.tolist() == [0, 5] and signs.tolist() == [0, 1]
