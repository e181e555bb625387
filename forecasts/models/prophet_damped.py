"""Prophet with a damped trend and a level corrected by its last errors."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch

DAMPING = 0.8  # of the slope per step: the middle of the range that exponential smoothing fits
ALPHAS = np.array([0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0])  # smoothing parameters (alpha) tried per series


class ProphetDamped(Model):
    """Prophet's components with two corrections of a known weakness, the extrapolated trend.

    The last slope is damped by DAMPING per step (Gardner & McKenzie 1985), and simple exponential smoothing of the
    in-sample residuals shifts the level to where the series last was. All other components are Prophet's.
    """

    name = "prophet_damped"
    engine = "prophet_map"
    uses_regressors = True

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """All series at once."""
        from forecasts.engines.prophet_forms import fit_better_form

        components = fit_better_form(batch, max(horizon, 2))
        trend = damped(components.trend)
        shift = np.array([last_level(residuals) for residuals in components.residuals])
        return (trend * (1 + components.factor) + components.addend + shift[:, None])[:, :horizon]


def damped(trend: np.ndarray) -> np.ndarray:
    """A straight future trend with its slope fading from the first step on."""
    slope = trend[:, 1] - trend[:, 0]
    steps = np.cumsum(DAMPING ** np.arange(trend.shape[1]))
    return (trend[:, 0] - slope)[:, None] + slope[:, None] * steps[None, :]


def last_level(residuals: np.ndarray) -> float:
    """The smoothed last residual, with the alpha that best predicts each residual from the earlier ones."""
    level, error = np.zeros(len(ALPHAS)), np.zeros(len(ALPHAS))
    for residual in residuals:
        miss = residual - level
        error += miss**2
        level += ALPHAS * miss
    return float(level[np.argmin(error)]) if len(residuals) else 0.0
