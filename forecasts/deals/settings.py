"""What can be set about the deal forecast; each default with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """frequency: of the periods, a code of panel/frequency.py.

    periods: how many ahead. A cycle of a year and more is rare, and a year of months is what plans are made for.
    origins: past period ends that the table and the win model learn from; three years are enough for rates of stages
        and not so many that an old way of working decides.
    most_rows: open deals at past origins that the table and the win model are fitted to; of more, those of a sample of
        deals: forty thousand tell a hundred columns apart, and no fit of a large company takes minutes.
    fewest_closed: closed deals below which neither is trusted and the seed serves: with 30 a rate is known to +- .18.
    fewest_won: won deals below which the win model is not trained: ten per column that it would have to tell apart.
    draws: futures in the simulation; bounds at 95 % then lie between the 25th and 26th of 1,000.
    seed: of the random draws, so that the same input gives the same figures.
    """

    frequency: str = "MS"
    periods: int = 12
    origins: int = 36
    most_rows: int = 40_000
    fewest_closed: int = 30
    fewest_won: int = 100
    draws: int = 1000
    seed: int = 20
    seed_probability: float = 0.25
    festivals: tuple[str, ...] = ("spring_festival",)
