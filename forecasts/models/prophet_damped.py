"""Prophet with a slope that fades and a level that follows its last errors."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch

FADE = 0.8  # what is left of the slope after each step: the middle of the range that exponential smoothing fits
SPEEDS = np.array([0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0])  # smoothing speeds that are tried per series


class ProphetDamped(Model):
    """Prophet's components with two corrections of its known weakness, an extrapolated trend.

    The last slope fades by FADE per step (Gardner & McKenzie 1985), and simple exponential smoothing of the in-sample
    residuals shifts the level to where the series last was. Still Prophet's seasonality, holidays and regressors.
    """

    name = "prophet_damped"
    engine = "prophet_map"
    uses_regressors = True

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """All series at once."""
        from forecasts.engines.prophet_menu import best_of_menu

        parts = best_of_menu(batch, max(horizon, 2))
        trend = damped(parts.trend)
        shift = np.array([last_level(residuals) for residuals in parts.residuals])
        return (trend * (1 + parts.factor) + parts.addend + shift[:, None])[:, :horizon]


def damped(trend: np.ndarray) -> np.ndarray:
    """A straight future trend with its slope fading from the first step on."""
    slope = trend[:, 1] - trend[:, 0]
    steps = np.cumsum(FADE ** np.arange(trend.shape[1]))
    return (trend[:, 0] - slope)[:, None] + slope[:, None] * steps[None, :]


def last_level(residuals: np.ndarray) -> float:
    """The smoothed last residual, at the speed that would have predicted each residual from its past best."""
    level, error = np.zeros(len(SPEEDS)), np.zeros(len(SPEEDS))
    for residual in residuals:
        miss = residual - level
        error += miss**2
        level += SPEEDS * miss
    return float(level[np.argmin(error)]) if len(residuals) else 0.0
