"""Will an open deal be won, and when: discrete-time competing risks with covariates, calibrated out of time.

In window k a deal that is still open is won, lost or stays, by a multinomial logit on what was known at the origin:
    log(P(won) / P(stays)) = a_k + b_band(k) . x,   the same for lost
with slopes for each band of windows (1, 2, 3, 4-6, 7-12), so that a near win may hang on other things than a far one;
they lean on slopes that all windows share
(Allison 1982, Discrete-time methods for the analysis of event histories; Tutz & Schmid 2016, ch. 8), with ridge
penalties (competing_logit.py). Calibration moves both log-odds per band:
slopes by what the last origins showed of a model that had not seen them, levels by what they show of the model itself.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.optimize import minimize

from forecasts.deals.competing_logit import Cells, fit_logit
from forecasts.deals.features import Recipe, learn_recipe, raw_features
from forecasts.deals.history import History
from forecasts.deals.panel import Panel
from forecasts.deals.table import Chances

PRECISION = 40.0  # of the slopes' prior: log-odds per standard deviation or word lie within +- .3 unless rows insist
SHARED_WINDOWS = 4  # windows ahead from which the slopes that all bands lean on are learnt: most ends lie in them
TEST_ORIGINS = 12  # newest origins that calibrate and judge: a year, so that no season decides
SHIFT_SD, SLOPE_SD = 0.25, 0.05  # priors of the calibration around "right as it is"
LEAST_ENDS = 10  # wins, losses and stays below which a band has no slopes of its own
UNKNOWN_LEVEL = -3.0  # log-odds where nothing at all is known: 5 % in a period
EDGES = (1, 2, 3, 4, 7)  # first window of each band
RIGHT, SPREAD = np.array([0.0, 1.0, 0.0, 1.0]), np.array([SHIFT_SD, SLOPE_SD, SHIFT_SD, SLOPE_SD])  # of calibration

LogOdds = tuple[np.ndarray, np.ndarray]  # of won and of lost against staying open, rows x windows


@dataclass(frozen=True)
class WinModel:
    """won, lost: windows x columns, slopes of the log-odds against staying open; level_won, level_lost: per window."""

    recipe: Recipe
    won: np.ndarray
    lost: np.ndarray
    level_won: np.ndarray
    level_lost: np.ndarray
    closed_deals: int

    def log_odds(self, columns: np.ndarray, season: np.ndarray) -> LogOdds:
        """Log-odds of won and of lost against staying open, rows x windows; season: log factors of the windows."""
        return columns @ self.won.T + self.level_won + season, columns @ self.lost.T + self.level_lost

    def predict(self, columns: np.ndarray, season: np.ndarray) -> Chances:
        """Chances of rows given as columns of the recipe."""
        hazard_won, hazard_lost = hazards(*self.log_odds(columns, season))
        still = np.cumprod(1 - hazard_won - hazard_lost, axis=1)
        before = np.concatenate([np.ones((len(columns), 1)), still[:, :-1]], axis=1)
        return Chances(hazard_won * before, hazard_lost * before, np.full(len(columns), self.closed_deals))

    def moved(self, calibration: np.ndarray) -> "WinModel":
        """The model with the levels and slopes of its log-odds moved: still of the same form."""
        shift_won, slope_won, shift_lost, slope_lost = calibration.T
        return replace(
            self,
            won=self.won * slope_won[:, None],
            lost=self.lost * slope_lost[:, None],
            level_won=self.level_won * slope_won + shift_won,
            level_lost=self.level_lost * slope_lost + shift_lost,
        )

    @property
    def features_hash(self) -> str:
        """Of the recipe: two models with the same hash read the same columns."""
        return hashlib.sha256(json.dumps(self.recipe.columns).encode()).hexdigest()[:16]


def hazards(won: np.ndarray, lost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds against staying open to chances."""
    won, lost = np.exp(np.clip(won, -30, 30)), np.exp(np.clip(lost, -30, 30))
    total = 1 + won + lost
    return won / total, lost / total


def bands(periods: int) -> list[range]:
    """The windows of each band, from 1."""
    edges = [edge for edge in EDGES if edge <= periods] + [periods + 1]
    return [range(low, high) for low, high in pairwise(edges)]


def fit_win_model(columns: np.ndarray, recipe: Recipe, rows: Panel, periods: int) -> WinModel:
    """Fit all windows together, then every band with its slopes leaning on those: far windows alone have few ends."""
    levels, shared = _fit(columns, rows, range(1, min(SHARED_WINDOWS, periods) + 1), None)
    parts: list[np.ndarray] = []  # per window: (won, lost) x (slopes, level)
    for band in bands(periods):
        levels, slopes = _fit(columns, rows, band, shared)
        parts += [np.hstack([slopes, level[:, None]]) for level in levels]
    both = np.stack(parts)
    closed = rows.rows.filter(pl.Series(rows.end > 0))["deal_id"].n_unique()
    return WinModel(recipe, both[:, 0, :-1], both[:, 1, :-1], both[:, 0, -1], both[:, 1, -1], closed)


def _fit(
    columns: np.ndarray, rows: Panel, band: range, shared: np.ndarray | None
) -> tuple[list[np.ndarray], np.ndarray]:
    """Levels (won, lost) of each window and the slopes, 2 x columns, of all of them; shared: what slopes lean on."""
    at = [np.flatnonzero((rows.seen >= k) & ((rows.end == 0) | (rows.end >= k))) for k in band]
    row, size = np.concatenate(at), columns.shape[1]
    window = np.repeat(np.arange(len(band)), [len(part) for part in at])
    outcome = np.where(rows.end[row] == window + band.start, rows.outcome[row], 0)
    centre = np.zeros((2, size)) if shared is None else shared
    if min(np.bincount(outcome, minlength=3)) < LEAST_ENDS:
        return [np.full(2, UNKNOWN_LEVEL)] * len(band), centre
    used, row = np.unique(row, return_inverse=True)
    slopes = fit_logit(Cells(columns[used], row, window, outcome, len(band)), PRECISION, centre)
    levels = [slopes[:, size] + (slopes[:, size + place] if place else 0) for place in range(len(band))]
    return levels, slopes[:, :size]


def calibration(unseen: LogOdds, learnt: LogOdds, rows: Panel) -> np.ndarray:
    """What these rows show of a model: windows x (shift, slope of won, shift, slope of lost), alike in a band.

    unseen: of an older model that had not seen the rows; it shows by how much slopes promise too much. learnt: of the
    model itself. Its levels have learnt these rows already: the shift that the older one needs would count them twice.
    """
    parts = [np.tile(_moved(unseen, learnt, rows, band), (len(band), 1)) for band in bands(unseen[0].shape[1])]
    return np.concatenate(parts)


def _moved(unseen: LogOdds, learnt: LogOdds, rows: Panel, band: range) -> np.ndarray:
    """Shift and slope of both log-odds with the highest posterior; (0, 1, 0, 1) without rows."""
    cells = [(k - 1, np.flatnonzero((rows.seen >= k) & ((rows.end == 0) | (rows.end >= k)))) for k in band]
    outcome = np.concatenate([np.where(rows.end[at] == k + 1, rows.outcome[at], 0) for k, at in cells])
    if len(outcome) == 0:
        return RIGHT

    def at_risk(odds: LogOdds) -> LogOdds:
        won, lost = (np.concatenate([part[at, k] for k, at in cells]) for part in odds)
        return won, lost

    of_unseen, of_learnt = at_risk(unseen), at_risk(learnt)
    slopes = minimize(_loss, RIGHT, args=(of_unseen, outcome), method="BFGS", jac=True).x[[1, 3]]

    def of_shifts(shifts: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = _loss(np.array([shifts[0], slopes[0], shifts[1], slopes[1]]), of_learnt, outcome)
        return loss, gradient[[0, 2]]

    shifts = minimize(of_shifts, np.zeros(2), method="BFGS", jac=True).x
    shifts = shifts + (1 - slopes) * [odds.mean() for odds in of_learnt]  # from where `moved` turns them: 0
    return np.array([shifts[0], slopes[0], shifts[1], slopes[1]])


def _loss(parts: np.ndarray, odds: LogOdds, outcome: np.ndarray) -> tuple[float, np.ndarray]:
    """Minus the log-posterior of (shift, slope of won, shift, slope of lost), and its gradient.

    Slopes turn around the mean of the log-odds: around 0, far below which they lie, a slope would move the level.
    """
    (mean_won, z_won), (mean_lost, z_lost) = ((part.mean(), part - part.mean()) for part in odds)
    odds_won, odds_lost = mean_won + parts[0] + parts[1] * z_won, mean_lost + parts[2] + parts[3] * z_lost
    log_total = np.logaddexp(0, np.logaddexp(odds_won, odds_lost))
    is_won, is_lost = outcome == 1, outcome == 2
    chosen = odds_won[is_won].sum() + odds_lost[is_lost].sum()
    won, lost = np.exp(odds_won - log_total) - is_won, np.exp(odds_lost - log_total) - is_lost
    away = (parts - RIGHT) / SPREAD
    gradient = np.array([won.sum(), won @ z_won, lost.sum(), lost @ z_lost]) + away / SPREAD
    return float(log_total.sum() - chosen + (away**2).sum() / 2), gradient


def prepared(history: History, rows: Panel) -> tuple[pl.DataFrame, Recipe]:
    """Raw features of the panel's rows and the recipe learnt from them."""
    raw = raw_features(history, rows.rows)
    return raw, learn_recipe(raw)
