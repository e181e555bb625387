"""The laws by which a deal lives, all of them per step of about a week.

Two things decide, and no system ever shows them: the *level* of a deal (how well it fits; it never changes) and its
*mood* (cool, even, warm; it drifts). What is shown - moves, contacts, dates, typed-in chances - comes from both.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.demo.dirt import Moves

Floats = NDArray[np.float64]

STAGES = ("lead", "qualified", "needs", "decision_makers", "proposal", "negotiation")
NEEDS, PROPOSAL, NEGOTIATION = 2, 4, 5
WON, LOST, OVER = 6, 7, 8  # lost deals may be opened again; those that are over may not
STAY, FORWARD, BACK, LOSE, WIN = range(5)
LEVELS, MOODS = 6, 3  # level 0 never buys
OPEN_STATES = len(STAGES) * MOODS
RETURNS = 3  # a deal opened again comes back to `needs`, or to the stage before it that it had reached

MEAN_DAYS = np.array([9, 16, 20, 16, 22, 18])  # in the stage of that place, of an even deal of middling level
LOST_SHARE = np.array([0.06, 0.10, 0.11, 0.08, 0.14, 0.14])  # of those that leave it
STEP_DAYS = 6.4  # of work in a step: some of it is lost to other deals
FORWARD_BY_LEVEL, FORWARD_BY_MOOD = np.array([0.9, 0.7, 0.85, 1.0, 1.15, 1.3]), np.array([0.4, 1.0, 1.5])
LOST_BY_LEVEL, LOST_BY_MOOD = np.array([2.0, 3.0, 1.9, 1.1, 0.6, 0.3]), np.array([2.6, 0.9, 0.45])
BACK_BY_MOOD = np.array([1.8, 1.0, 0.5])
MOST = 0.96  # of the deals in a state that may leave it in one step

FIRST_MOOD = np.array([0.2, 0.6, 0.2])
WARMER, COOLER = np.array([0.08, 0.05, 0.07, 0.10, 0.13, 0.16]), np.array([0.12, 0.16, 0.13, 0.10, 0.08, 0.06])

CONTACTS_BY_STAGE = np.array([0.8, 0.9, 1.0, 1.0, 1.2, 1.3])
SHALLOW, DEEP = np.array([0.09, 0.22, 0.42]), np.array([0.03, 0.10, 0.26])  # contacts per step, by mood
FLAGS = ("budget", "process", "decider")
FLAG_BY_STAGE = np.array(
    [
        [0.02, 0.05, 0.08, 0.10, 0.14, 0.10],
        [0.01, 0.04, 0.07, 0.09, 0.10, 0.08],
        [0.01, 0.05, 0.08, 0.22, 0.12, 0.10],
    ]
)
FLAG_BY_LEVEL, FLAG_BY_MOOD = np.array([0.7, 0.5, 0.75, 1.0, 1.25, 1.5]), np.array([0.5, 1.0, 1.6])
PUSHED = np.array([0.22, 0.06, 0.01])  # put off before the day has come, by mood
PUSH_DAYS, PUSH_DAYS_SHARES = np.array([30, 45, 60, 90]), np.array([0.4, 0.25, 0.25, 0.1])

# what reps type in: steps of ten points around the stage's default, and the guessed days to the end
OFFSETS = np.array([-20, -10, 0, 10, 20])
OFFSET_BY_MOOD = np.array(
    [[0.30, 0.35, 0.25, 0.08, 0.02], [0.08, 0.22, 0.40, 0.22, 0.08], [0.02, 0.08, 0.25, 0.35, 0.30]]
)
OFFSET_BY_GUT = np.tile([0.1, 0.2, 0.4, 0.2, 0.1], (MOODS, 1))
FACTORS = np.array([0.5, 0.75, 1.0, 1.35, 1.8])
FACTOR_BY_MOOD = np.array(
    [[0.05, 0.15, 0.30, 0.30, 0.20], [0.10, 0.25, 0.35, 0.20, 0.10], [0.25, 0.35, 0.25, 0.10, 0.05]]
)
DAYS_LEFT = np.array([101, 92, 76, 56, 40, 18])  # that a plan gives a deal in the stage of that place
DEFAULTS = np.array([10, 20, 35, 50, 60, 80])  # chance in percent that the systems fill in by stage
REDATED = 0.35  # moves on which the rep guesses the closing day anew

GROWTH = np.array([0.8, 0.9, 1.0, 1.1, 1.25, 1.45])  # of the amount when it is proposed
_TYPICAL_GROWTH = np.array([0.09, 0.16, 0.08, 0.03, -0.02, -0.06])
GROWTH_BY_LEVEL = np.exp(-((np.log(GROWTH) - _TYPICAL_GROWTH[:, None]) ** 2) / (2 * 0.2**2))
GROWTH_BY_LEVEL /= GROWTH_BY_LEVEL.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Laws:
    """The tables of one world, whose rates of odd moves stand in dirt.yml.

    moods: level x mood x next mood. landing: stage x stage that a forward move leads to. flag: flag x stage x level x
    mood. shallow, deep: stage x mood.
    """

    rates: Moves
    moods: Floats
    landing: Floats
    flag: Floats
    shallow: Floats
    deep: Floats

    def moves(self, pace: float) -> Floats:
        """Chances of each move in a step of that pace: stage x level x mood x move (STAY .. WIN)."""
        leave = STEP_DAYS / MEAN_DAYS
        ahead = (leave * (1 - LOST_SHARE))[:, None, None] * FORWARD_BY_LEVEL[:, None] * FORWARD_BY_MOOD
        lost = (leave * LOST_SHARE)[:, None, None] * LOST_BY_LEVEL[:, None] * LOST_BY_MOOD
        back = np.tile(leave[:, None, None] * self.rates.backward * BACK_BY_MOOD, (1, LEVELS, 1))
        back[0] = 0
        lost[NEGOTIATION, 0] += 0.5 * ahead[NEGOTIATION, 0]
        ahead[NEGOTIATION, 0] = 0
        won = np.zeros_like(ahead)
        won[NEGOTIATION], ahead[NEGOTIATION] = ahead[NEGOTIATION], 0
        table = pace * np.stack([ahead, back, lost, won], axis=-1)
        table *= np.minimum(1, MOST / table.sum(axis=-1, keepdims=True))
        return np.concatenate([1 - table.sum(axis=-1, keepdims=True), table], axis=-1)

    @property
    def reopened(self) -> tuple[float, float]:
        """Chances in a step that a lost deal is opened again, and that it is over for good."""
        return 0.2 * self.rates.reopened, 0.2 * (1 - self.rates.reopened)


def laws(rates: Moves) -> Laws:
    """The tables of a world with these rates."""
    moods = np.zeros((LEVELS, MOODS, MOODS))
    moods[:, 0, 1], moods[:, 1, 2] = 1.5 * WARMER, WARMER
    moods[:, 1, 0], moods[:, 2, 1] = COOLER, 2 * COOLER
    moods += np.eye(MOODS) * (1 - moods.sum(axis=2, keepdims=True))
    flag = FLAG_BY_STAGE[:, :, None, None] * FLAG_BY_LEVEL[:, None] * FLAG_BY_MOOD
    shallow, deep = (CONTACTS_BY_STAGE[:, None] * rate for rate in (SHALLOW, DEEP))
    return Laws(rates, moods, _landing(rates), flag, shallow, deep)


def _landing(rates: Moves) -> Floats:
    """Where a forward move leads: the next stage, past one that is skipped, past one that is passed the same day."""
    landing = np.zeros((len(STAGES), len(STAGES)))
    for stage in range(NEGOTIATION):
        skips = rates.skipped if stage + 1 in (NEEDS, NEEDS + 1) else 0.0
        for entered, share in ((stage + 1, 1 - skips), (stage + 2, skips)):
            passes = rates.same_day if entered < NEGOTIATION else 0.0
            if share:
                landing[stage, entered] += share * (1 - passes)
            if share and passes:
                landing[stage, entered + 1] += share * passes
    return landing


def typed(base: NDArray[np.int64], offset: NDArray[np.int64]) -> NDArray[np.int64]:
    """The chance in percent that a rep types: what the stage suggests and the rep's bias make of it, within 5 to 95."""
    return np.clip(base + offset, 5, 95)


def days_left(stage: NDArray[np.int64], optimism: Floats, factor: Floats) -> NDArray[np.int64]:
    """The days to the end of a deal that a rep guesses."""
    return np.maximum(np.round(DAYS_LEFT[stage] * optimism * factor), 3).astype(np.int64)
