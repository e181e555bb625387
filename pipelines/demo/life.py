"""The lives of deals, step by step: what moves them is hidden, what they show of it is written down.

Whatever is shown in a step depends on the level and mood that a deal had when the step began, and on nothing later: no
contact, guess or flag knows how a deal will end.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipelines.demo import laws as law
from pipelines.demo.cast import (
    DEEP_KINDS,
    HABITS,
    NEVER,
    NONE,
    SHALLOW_KINDS,
    Bools,
    Cast,
    Ints,
    Life,
    Rows,
    Step,
    Tables,
)
from pipelines.demo.laws import BACK, FORWARD, LOSE, LOST, MOODS, NEEDS, OVER, PROPOSAL, STAY, WIN, WON, Laws
from pipelines.demo.steps import PER_MONTH, Clock


@dataclass
class _Now:
    """What is true of each deal at the moment; -1 where nothing is yet."""

    stage: Ints
    mood: Ints
    lost_from: Ints
    expected: Ints
    probability: Ints
    growth: Ints
    flag_on: Ints
    proposed: Ints
    rows: Rows = field(default_factory=Rows)

    @classmethod
    def unborn(cls, count: int) -> "_Now":
        """The deals before the first of them is born."""
        stage, mood, lost_from, expected, probability, growth = np.full((6, count), NONE)
        flag_on, proposed = np.full((len(law.FLAGS), count), NEVER), np.full(count, NEVER)
        return cls(stage, mood, lost_from, expected, probability, growth, flag_on, proposed)


@dataclass(frozen=True)
class _Open:
    """The deals that were open when a step began, their state then, and the last day on which they show anything."""

    deal: Ints
    stage: Ints
    level: Ints
    mood: Ints
    china: Bools
    absent: Bools
    until: Ints


def live(rng: np.random.Generator, cast: Cast, rules: Laws, clock: Clock, last: int) -> Life:
    """Play every step up to the one of the last day; what would have come after that day is left out."""
    play = _Play(rng, cast, rules, clock)
    birth, ends = clock.step_of(cast.created), set(clock.month_ends(last))
    shown: list[Step] = []
    moods: dict[int, tuple[Ints, Ints, Ints]] = {}
    now, open_deals, lost = play.now, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    for number in range(int(clock.step_of(np.array([last]))[0]) + 1):
        born = np.arange(*np.searchsorted(birth, [number, number + 1]))
        seen = play.step(number, open_deals)
        back, lost = play.second_thoughts(number, lost)
        shown.append(Step(number=number, **seen, **play.arrivals(born, back)))
        lost = np.append(lost, seen["deal"][seen["move"] == LOSE])
        open_deals = np.sort(np.concatenate([open_deals[now.stage[open_deals] < WON], born, back]))
        if number in ends:
            moods[number] = (open_deals, now.stage[open_deals], now.mood[open_deals])
    return Life(*now.rows.frames(last), now.flag_on, now.growth, now.proposed, shown, moods)


class _Play:
    """One world being played: its laws, its clock, and what is true of its deals now."""

    def __init__(self, rng: np.random.Generator, cast: Cast, rules: Laws, clock: Clock) -> None:
        self.rng, self.cast, self.rules, self.clock = rng, cast, rules, clock
        self.tables, self.now = Tables(rules), _Now.unborn(len(cast.created))

    def step(self, number: int, deal: Ints) -> dict[str, NDArray]:
        """Move the open deals, and show what they show on the way."""
        rng, cast, now, high = self.rng, self.cast, self.now, self.clock.high[number]
        stage, level, mood, china = now.stage[deal], cast.level[deal], now.mood[deal], cast.china[deal]
        absent = cast.left[deal] < self.clock.low[number]
        move = _drawn(rng, self.tables.at(self.clock, number)[china.astype(np.int64), stage, level, mood])
        is_last = number % PER_MONTH == PER_MONTH - 1
        late = (move >= LOSE) & is_last & (rng.random(len(deal)) < self.rules.rates.period_end)
        day = self.clock.days(number, china, rng.random(len(deal)), late)
        seen = _Open(deal, stage, level, mood, china, absent, np.where(move >= LOSE, day, high))
        shown = self._contacts(number, seen) | self._flags(number, seen)
        landed = self._moved(seen, move, day)
        shown |= {"pushed": self._put_off(number, seen, move), "landed": landed, "move": move}
        shown |= self._typed_in(seen, move, landed, day) | {"growth": self._proposed(seen, landed, day)}
        now.mood[deal] = _drawn(rng, self.rules.moods[level, mood])
        return {"deal": deal, "stage": stage, "absent": absent, **shown}

    def second_thoughts(self, number: int, lost: Ints) -> tuple[Ints, Ints]:
        """The lost deals that are opened again in the step, and those that still may be."""
        again, over = self.rules.reopened
        draw = self.rng.random(len(lost))
        back, ended = lost[draw < again], lost[(draw >= again) & (draw < again + over)]
        self.now.stage[ended] = OVER
        self.now.stage[back] = np.minimum(self.now.lost_from[back], NEEDS)
        day = self.clock.days(number, self.cast.china[back], self.rng.random(len(back)), np.zeros(len(back), bool))
        self.now.rows.path.append((back, self.now.stage[back], day))
        self.now.expected[back] = day  # guessed on arrival, from the day of the return
        return back, lost[draw >= again + over]

    def arrivals(self, born: Ints, back: Ints) -> dict[str, NDArray]:
        """Deals that are born, and those opened again: a mood, a first guess and a first chance."""
        now, created = self.now, self.cast.created[born]
        now.stage[born] = 0
        now.rows.path.append((born, now.stage[born], created))
        fresh, day = np.concatenate([born, back]), np.concatenate([created, now.expected[back]])
        now.mood[fresh] = self.rng.choice(MOODS, len(fresh), p=law.FIRST_MOOD)
        typed = self._type(fresh, now.stage[fresh], now.mood[fresh])
        factor = self._guess(fresh, now.stage[fresh], now.mood[fresh], day)
        self._note(fresh, day)
        is_born = np.arange(len(fresh)) < len(born)
        stage = now.stage[fresh]
        return {"fresh": fresh, "fresh_stage": stage, "fresh_typed": typed, "fresh_factor": factor, "is_born": is_born}

    def _contacts(self, number: int, seen: _Open) -> dict[str, NDArray]:
        rates = (self.rules.shallow, self.rules.deep)
        shallow, deep = (self.rng.poisson(rate[seen.stage, seen.mood]) * ~seen.absent for rate in rates)
        for times, kinds, share in ((shallow, SHALLOW_KINDS, 0.53), (deep, DEEP_KINDS, 0.55)):
            places = np.repeat(np.arange(len(seen.deal)), times)
            kind = np.where(self.rng.random(len(places)) < share, *kinds)
            self.now.rows.touches.append((seen.deal[places], kind, self._some_day(number, seen, places)))
        return {"shallow": shallow, "deep": deep}

    def _flags(self, number: int, seen: _Open) -> dict[str, NDArray]:
        had = self.now.flag_on[:, seen.deal] < NEVER
        chance = self.rules.flag[:, seen.stage, seen.level, seen.mood]
        gained = ~had & (self.rng.random(had.shape) < chance)
        for flag in range(len(law.FLAGS)):
            places = np.flatnonzero(gained[flag])
            self.now.flag_on[flag, seen.deal[places]] = self._some_day(number, seen, places)
        return {"had": had, "gained": gained}

    def _moved(self, seen: _Open, move: Ints, day: Ints) -> Ints:
        """The stage after the move; the path gets a row for each one entered, two where one was passed the same day."""
        deal, stage, rates, count = seen.deal, seen.stage, self.rules.rates, len(seen.deal)
        can_skip = np.isin(stage + 1, (NEEDS, NEEDS + 1))
        ahead = stage + 1 + (can_skip & (self.rng.random(count) < rates.skipped))
        passes = (move == FORWARD) & (ahead < law.NEGOTIATION) & (self.rng.random(count) < rates.same_day)
        known = [(STAY, stage), (BACK, stage - 1), (LOSE, np.full(count, LOST)), (WIN, np.full(count, WON))]
        entered = np.select([move == one for one, _ in known], [to for _, to in known], ahead)
        went, lost = move != STAY, move == LOSE
        self.now.rows.path.append((deal[went], entered[went], day[went]))
        self.now.rows.path.append((deal[passes], entered[passes] + 1, day[passes]))
        self.now.lost_from[deal[lost]] = stage[lost]
        self.now.stage[deal] = entered + passes
        return self.now.stage[deal]

    def _put_off(self, number: int, seen: _Open, move: Ints) -> Bools:
        """Expected days put off because they came, or before they come; only the latter tells of the mood."""
        stays, expected, count = (move == STAY) & ~seen.absent, self.now.expected, len(seen.deal)
        pushed = stays & (self.rng.random(count) < law.PUSHED[seen.mood])
        is_due = stays & ~pushed & (expected[seen.deal] <= self.clock.high[number])
        places = np.flatnonzero(pushed | (is_due & (self.rng.random(count) < self.cast.care[seen.deal])))
        day, deal = self._some_day(number, seen, places), seen.deal[places]
        more = self.rng.choice(law.PUSH_DAYS, len(places), p=law.PUSH_DAYS_SHARES)
        expected[deal] = np.maximum(expected[deal], day) + more
        self._note(deal, day)
        return pushed

    def _typed_in(self, seen: _Open, move: Ints, landed: Ints, day: Ints) -> dict[str, NDArray]:
        """What the rep types with a move: a chance always, a new closing day on some moves forward."""
        typed, factor = np.full((2, len(move)), NONE)
        moved = np.flatnonzero((move == FORWARD) | (move == BACK))
        typed[moved] = self._type(seen.deal[moved], landed[moved], seen.mood[moved])
        dated = np.flatnonzero((move == FORWARD) & (self.rng.random(len(move)) < law.REDATED))
        factor[dated] = self._guess(seen.deal[dated], landed[dated], seen.mood[dated], day[dated])
        self._note(seen.deal[moved], day[moved])
        return {"typed": typed, "factor": factor}

    def _proposed(self, seen: _Open, landed: Ints, day: Ints) -> Ints:
        """What the amount grew by, where it was proposed for the first time."""
        growth, now = np.full(len(landed), NONE), self.now
        places = np.flatnonzero((landed >= PROPOSAL) & (landed < WON) & (now.growth[seen.deal] == NONE))
        growth[places] = _drawn(self.rng, law.GROWTH_BY_LEVEL[seen.level[places]])
        now.growth[seen.deal[places]], now.proposed[seen.deal[places]] = growth[places], day[places]
        return growth

    def _type(self, deal: Ints, stage: Ints, mood: Ints) -> Ints:
        offset = law.OFFSETS[_drawn(self.rng, HABITS[self.cast.habit[deal], mood])]
        self.now.probability[deal] = law.typed(law.DEFAULTS[stage] + self.cast.bias[deal], offset)
        return self.now.probability[deal]

    def _guess(self, deal: Ints, stage: Ints, mood: Ints, day: Ints) -> Ints:
        factor = _drawn(self.rng, law.FACTOR_BY_MOOD[mood])
        self.now.expected[deal] = day + law.days_left(stage, self.cast.optimism[deal], law.FACTORS[factor])
        return factor

    def _note(self, deal: Ints, day: Ints) -> None:
        self.now.rows.guesses.append((deal, day, self.now.expected[deal], self.now.probability[deal]))

    def _some_day(self, number: int, seen: _Open, places: Ints) -> Ints:
        draw, late = self.rng.random(len(places)), np.zeros(len(places), dtype=bool)
        return np.minimum(self.clock.days(number, seen.china[places], draw, late), seen.until[places])


def _drawn(rng: np.random.Generator, chances: NDArray[np.float64]) -> Ints:
    """A place in each row of chances that sum to one."""
    sums = np.cumsum(chances[:, :-1], axis=1)
    return np.asarray((rng.random(len(chances))[:, None] >= sums).sum(axis=1), dtype=np.int64)
