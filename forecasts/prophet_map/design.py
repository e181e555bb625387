"""Everything of the model that depends on dates only, for a stack of calendars of equal length and layout.

Linear trend: columns (t, 1) and one ramp max(t - s, 0) per changepoint s, with time scaled to 0..1 over the history.
Gaussian block B = (t, 1, X), its columns multiplied by their prior standard deviations, has the thin SVD U diag(sv) V'.
Ramps R are split into W = U'R (inside the block) and the rest, whose Gram matrix is Q0.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from forecasts.prophet_map.panel import FloatArray, IntArray
from forecasts.prophet_map.seasons import Layout
from forecasts.prophet_map.specification import Specification, SpecificationError

WELL_CONDITIONED = 1e-8  # smallest over largest eigenvalue of B'B
TREND_PRIOR = 5.0  # standard deviation of slope and offset in Prophet's Stan program


@dataclass(frozen=True)
class Scale:
    """Where time starts and how long the history is, per calendar (microseconds)."""

    start: IntArray
    span: IntArray

    def time(self, dates: IntArray) -> FloatArray:
        """Dates (calendars, points) as model time."""
        return (dates - self.start[:, None]) / self.span[:, None]


class Blocks(NamedTuple):
    """The algebra of the additive solver, stacked over calendars (first axis)."""

    U: FloatArray  # points x directions
    R: FloatArray  # points x slopes
    lam: FloatArray  # squared singular values
    W: FloatArray  # directions x slopes
    Q0: FloatArray  # slopes x slopes
    G: FloatArray  # directions x coefficients: sv V' scaled back to the model's units


@dataclass(frozen=True)
class Design:
    """One stack of calendars: model time, changepoints, features and prior scales."""

    layout: Layout
    scale: Scale
    t: FloatArray  # calendars x points
    changepoints: FloatArray  # calendars x slopes, model time; one dummy at 0 if there are none
    X: FloatArray  # calendars x points x columns
    is_flat: bool
    is_dummy: bool

    @property
    def prior(self) -> FloatArray:
        """Prior standard deviations of slope, offset and coefficients."""
        return np.array([TREND_PRIOR, TREND_PRIOR, *self.layout.prior_scales])

    def ramps(self, t: FloatArray, owner: IntArray | slice = slice(None)) -> FloatArray:
        """max(t - s, 0) for model time t (calendars, points) with the changepoints of calendars `owner`."""
        return np.maximum(t[:, :, None] - self.changepoints[owner][:, None, :], 0.0)

    def blocks(self) -> Blocks:
        """Factor the Gaussian block of every calendar."""
        ones = np.zeros_like(self.t) if self.is_flat else self.t
        B = np.concatenate([ones[:, :, None], np.ones_like(self.t)[:, :, None], self.X], axis=2) * self.prior
        U, sv, Vt = thin_svd(B)
        R = self.ramps(self.t)
        W = np.swapaxes(U, 1, 2) @ R
        rest = R - U @ W
        G = sv[:, :, None] * Vt * self.prior
        arrays = U, R, sv**2, W, np.swapaxes(rest, 1, 2) @ rest, G
        return Blocks(*(np.ascontiguousarray(array) for array in arrays))


def thin_svd(B: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """U, singular values and V' of every matrix of a stack (n, rows, columns).

    By the eigenvectors of B'B, at half the cost, where squaring leaves enough digits: U is then orthogonal to 1e-8 or
    better, which moves an objective by the square of that. By LAPACK's own decomposition everywhere else.
    """
    if B.shape[1] < B.shape[2]:
        U, sv, Vt = np.linalg.svd(B, full_matrices=False)
        return U, sv, Vt
    lam, V = np.linalg.eigh(np.swapaxes(B, 1, 2) @ B)
    sv = np.sqrt(np.maximum(lam, np.finfo(float).tiny))
    U, Vt = B @ (V / sv[:, None, :]), np.swapaxes(V, 1, 2)
    poor = np.flatnonzero(lam[:, 0] < WELL_CONDITIONED * lam[:, -1])
    if len(poor):
        U[poor], sv[poor], Vt[poor] = np.linalg.svd(B[poor], full_matrices=False)
    return U, sv, Vt


def design(spec: Specification, layout: Layout, calendars: IntArray, X: FloatArray) -> Design:
    """Time and changepoints of a stack of calendars (calendars x points, sorted, microseconds)."""
    scale = Scale(calendars[:, 0], calendars[:, -1] - calendars[:, 0])
    t = scale.time(calendars)
    flat = spec.growth == "flat"
    if flat:
        return Design(layout, scale, t, np.empty((len(t), 0)), X, True, False)
    changepoints = _given(spec, calendars, scale) if spec.changepoints is not None else _even(spec, t)
    dummy = changepoints.shape[1] == 0
    return Design(layout, scale, t, np.zeros((len(t), 1)) if dummy else changepoints, X, False, dummy)


def _even(spec: Specification, t: FloatArray) -> FloatArray:
    """Changepoints spread evenly over the first rows of the history (Prophet's set_changepoints)."""
    rows = int(np.floor(t.shape[1] * spec.changepoint_range))
    count = min(spec.n_changepoints, rows - 1)
    if count <= 0:
        return t[:, :0]
    return t[:, np.linspace(0, rows - 1, count + 1).round().astype(int)[1:]]


def _given(spec: Specification, calendars: IntArray, scale: Scale) -> FloatArray:
    dates = np.sort(np.array(spec.changepoints, dtype="datetime64[us]").astype(np.int64))
    if len(dates) and (dates[0] < calendars[:, 0].max() or dates[-1] > calendars[:, -1].min()):
        raise SpecificationError("changepoints must fall within the history of every series")
    return scale.time(np.broadcast_to(dates, (len(calendars), len(dates))))
