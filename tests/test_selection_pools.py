"""The pool of every segment and cutoff is chosen on what was known then, and only what is needed is computed."""

import numpy as np
import pytest

from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.config import Tier
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.selection import pools

pytestmark = pytest.mark.fast


def candidates(held_out: list[int], **errors: list[float]) -> Candidates:
    """Of two series what each model erred by at each cutoff, over one step."""
    origins = tuple(
        Origin(np.arange(2), np.full(2, held), np.zeros((2, 1)), np.ones(2), np.ones(2),
               {name: np.full((2, 1), by_cutoff[index]) for name, by_cutoff in errors.items()})
        for index, held in enumerate(held_out)
    )  # fmt: skip
    batch = Batch(("a", "b"), (np.ones(40), np.ones(40)), np.array([600, 600]), Frequency("MS"))
    future = {name: np.full((2, 1), 7.0 + index) for index, name in enumerate(errors)}
    return Candidates(batch, 1, np.ones(2), future, origins)


def test_each_cutoff_s_pool_is_chosen_on_the_others() -> None:
    """a is right at the last two cutoffs and guard at the first: without the first a is clearly better."""
    of = candidates([1, 2, 3], a=[9.0, 0.0, 0.1], guard=[1.0, 5.0, 5.1])
    made, members, choices = pools.with_pools(
        of, np.array(["regular", "short"], dtype=object), Tier(("a",), ("guard",)), {}
    )
    assert members == {"regular": ("guard",)}, "of one series no gain is sure"
    assert np.isnan(made.future["pool"][1, 0]) and made.future["pool"][0, 0] == 8
    assert np.isnan(made.origins[0].forecasts["pool"][1, 0]) and made.origins[0].forecasts["pool"][0, 0] == 1
    assert {row["segment"] for row in choices} == {"regular"} and {row["decision"] for row in choices} == {"pool"}
    both = np.array(["regular"] * 2, dtype=object)
    made, members, _ = pools.with_pools(of, both, Tier(("a",), ("guard",)), {})
    assert members == {"regular": ("a",)}
    assert [one.forecasts["pool"][0, 0] for one in made.origins] == [9.0, 5.0, 5.1]
    _, _, choices = pools.with_pools(of, both, Tier(("a",), ("guard",)), {"regular": ("guard",)})
    assert "promotion" in {row["decision"] for row in choices}


def test_a_choice_is_made_anew_once_a_tenth_more_is_known() -> None:
    """Of cutoffs of 2 to 13 periods with one step one is known 12 periods back, two 11 and so on. Eleven are no tenth
    more than ten."""
    kinds, tier = np.array(["regular"] * 2, dtype=object), Tier(("a",), ("guard",))
    made = pools._known_choices(candidates([*range(2, 14)], a=[1.0] * 12, guard=[2.0] * 12), kinds, "regular", tier)
    assert [*made] == [2**31, *range(12, 2, -1), 1] and made[2**31] == ("guard",) and made[12] == ("a",)
    assert pools._known_choices(candidates([]), kinds, "regular", tier) == {2**31: ("guard",)}


def test_intermittent_series_are_chosen_by_squared_errors() -> None:
    origins = candidates([1], a=[1.0]).origins
    assert pools._panel(origins, np.ones(2, bool), "intermittent").loss == "rmsse"
    assert pools._panel(origins, np.ones(2, bool), "regular").loss == "mase"


def test_only_members_and_peers_are_computed_at_cutoffs_that_choose_nothing() -> None:
    asked: list[dict[str, list[bool]]] = []
    of = candidates([2, 3], a=[1.0, 1.0], guard=[9.0, 9.0])

    def evaluate(masks: dict[str, np.ndarray]) -> tuple[Origin, ...]:
        asked.append({name: mask.tolist() for name, mask in masks.items()})
        return candidates([1], **{name: [2.0 if name == "a" else 4.0] for name in masks}).origins

    kinds = np.array(["regular", "intermittent"], dtype=object)
    made = pools.with_evaluation(of, kinds, Tier(("a",), ("guard",), ("a",)), evaluate)
    assert asked[0]["ses"] == [False, True] and asked[0]["naive"] == [True, True] and [*asked[0]] == sorted(asked[0])
    [one] = made.evaluation
    assert one.forecasts.keys() == {"pool", "naive", "seasonal_naive", "season_mean", "ses"}
    assert one.forecasts["pool"][1, 0] == 2.0
