"""Prophet's own model, solved in batch."""

import numpy as np

from forecasts.base import Model
from forecasts.panel.batch import Batch


class Prophet(Model):
    """The posterior mode of Prophet's model, additive or multiplicative by its own objective."""

    name = "prophet"
    engine = "prophet_map"
    uses_regressors = True

    def predict(self, batch: Batch, horizon: int) -> np.ndarray:
        """All series at once."""
        from forecasts.engines.prophet_forms import fit_better_form

        return fit_better_form(batch, horizon).forecast
