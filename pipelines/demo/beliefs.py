"""What could be known of each deal's hidden state from everything that was shown: the forward algorithm, step by step.

Exact for the deal's own level and mood, whatever its history. Which customers never buy, and how the others lean, is
learnt from how many deals they have and how those ended; reps' skill and how lines fit industries are taken as known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.demo import laws as law
from pipelines.demo.cast import HABITS, NONE, Cast, Step, Tables
from pipelines.demo.laws import BACK, FORWARD, LEVELS, LOSE, MOODS
from pipelines.demo.steps import Clock
from pipelines.demo.traits import CUSTOMER_SHARES, Traits

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Customers:
    """What is known of customers beforehand: the share that buys, and the deals each would have by its size.

    expected: deals of a customer who never buys from the start to the birth of each deal, per deal. ratio: how many
    times as many a buyer has. is_counted, is_told: whether the birth of each deal, and its end, tell of its customer.
    """

    buyers: float
    expected: Floats
    ratio: float
    is_counted: NDArray[np.bool_]
    is_told: NDArray[np.bool_]


class Beliefs:
    """The belief about each deal, deal x level x mood, as of the end of the step told last."""

    def __init__(self, cast: Cast, traits: Traits, tables: Tables, clock: Clock, customers: Customers) -> None:
        """Nothing is told yet: every deal is believed to be what deals of its kind are."""
        self.cast, self.traits, self.tables, self.clock, self.customers = cast, traits, tables, clock, customers
        count = len(cast.created)
        self.now = np.zeros((count, LEVELS, MOODS))
        self.at_first = np.zeros((count, LEVELS))
        self.closed_before = np.zeros(count, dtype=bool)
        people = int(traits.customer.max(initial=0)) + 1
        self.evidence = np.zeros((people, traits.likely.shape[1]))  # log likelihood of what each class explains
        self.deals = np.zeros(people)

    def tell(self, step: Step) -> None:
        """Take in what one step showed; steps are told in their order."""
        deal = step.deal
        if len(deal):
            self.now[deal] *= self._shown(step)
            self.now[deal] /= self.now[deal].sum(axis=(1, 2), keepdims=True)
            self._learn_of_customers(deal[step.move >= LOSE])
            self.now[deal] = np.einsum("dlm,lmk->dlk", self.now[deal], self.tables.rules.moods)
        self._welcome(step)

    def _shown(self, step: Step) -> Floats:
        """How likely all that the step showed of each deal is, given its level and mood: deal x level x mood."""
        rules, stage = self.tables.rules, step.stage
        side = self.cast.china[step.deal].astype(np.int64)
        shown = self.tables.at(self.clock, step.number)[side, stage, :, :, step.move]
        by_mood = np.ones((len(stage), MOODS))
        present = ~step.absent
        for times, rate in ((step.shallow, rules.shallow), (step.deep, rules.deep)):
            by_mood[present] *= (np.exp(-rate[stage]) * rate[stage] ** times[:, None])[present]
        pushes = np.where(step.pushed[:, None], law.PUSHED, 1 - law.PUSHED)
        asked = present & (step.move == law.STAY)
        by_mood[asked] *= pushes[asked]
        by_mood *= self._typed(step.deal, step.landed, step.typed, (step.move == FORWARD) | (step.move == BACK))
        by_mood *= np.where((step.factor != NONE)[:, None], law.FACTOR_BY_MOOD.T[step.factor], 1)
        shown = shown * by_mood[:, None, :]
        for flag in range(len(law.FLAGS)):
            chance = rules.flag[flag][stage]
            told = np.where(step.gained[flag][:, None, None], chance, 1 - chance)
            shown *= np.where(step.had[flag][:, None, None], 1, told)
        grown = (step.growth != NONE)[:, None]
        return shown * np.where(grown, law.GROWTH_BY_LEVEL.T[step.growth], 1)[:, :, None]

    def _typed(self, deal: Ints, stage: Ints, typed: Ints, has_moved: NDArray[np.bool_]) -> Floats:
        """How likely the chance typed in is by mood; several offsets may end at the same bound."""
        base = law.DEFAULTS[np.where(has_moved, stage, 0)] + self.cast.bias[deal]
        same = law.typed(base[:, None], law.OFFSETS) == typed[:, None]
        likely = np.einsum("do,dmo->dm", same, HABITS[self.cast.habit[deal]])
        return np.where(has_moved[:, None], likely, 1)

    def _learn_of_customers(self, ended: Ints) -> None:
        """The first end of a deal tells of its customer: how likely its whole history was in each class."""
        ended = ended[~self.closed_before[ended] & self.customers.is_told[ended]]
        self.closed_before[ended] = True
        first = self.at_first[ended]
        ratio = np.divide(self.now[ended].sum(axis=2), first, out=np.zeros_like(first), where=first > 0)
        likely = np.einsum("dcl,dl->dc", self.traits.likely[ended], ratio)
        np.add.at(self.evidence, self.traits.customer[ended], np.log(np.maximum(likely, 1e-300)))

    def _welcome(self, step: Step) -> None:
        """New deals begin with what their customer tells; those opened again keep what is known of their level."""
        fresh = step.fresh
        born = fresh[step.is_born]
        for deal in born:  # two deals of one customer in the same step are told one after the other
            self.deals[self.traits.customer[deal]] += self.customers.is_counted[deal]
            self.at_first[deal] = self._class_shares(deal) @ self.traits.likely[deal]
        level = self.at_first[born]
        back = fresh[~step.is_born]
        level = np.concatenate([level, self.now[back].sum(axis=2)])
        mood = law.FIRST_MOOD * self._typed(fresh, step.fresh_stage, step.fresh_typed, np.ones(len(fresh), dtype=bool))
        mood = mood * law.FACTOR_BY_MOOD.T[step.fresh_factor]
        told = level[:, :, None] * mood[:, None, :]
        self.now[fresh] = told / told.sum(axis=(1, 2), keepdims=True)

    def _class_shares(self, deal: int) -> Floats:
        customer, known = self.traits.customer[deal], self.customers
        log = self.evidence[customer].copy()
        # deals come at random, a buyer's more often: many of them in the time speak for a buyer
        log[1:] += self.deals[customer] * np.log(known.ratio) - (known.ratio - 1) * known.expected[deal]
        shares = np.append(1 - known.buyers, known.buyers * CUSTOMER_SHARES) * np.exp(log - log.max())
        return np.asarray(shares / shares.sum())
