"""What was known of deals on a past day, and which past days knew enough to be compared with."""

from dataclasses import FrozenInstanceError
from datetime import date

import polars as pl
import pytest
from deal_histories import deal_looks, deal_rows

from forecasts import deal_origins
from forecasts.deal_origins import forecast_deals, known_by
from forecasts.deals.settings import Settings
from forecasts.output import schemas

pytestmark = pytest.mark.fast

DAY = date(2025, 3, 31)
FEW = Settings(periods=2, origins=3, draws=7, festivals=())


def deals(*rows: dict[str, object]) -> pl.DataFrame:
    return deal_rows(*rows, amount=99.0, first_known_on=date(2025, 1, 1))


def test_a_deal_is_what_its_last_look_by_then_said() -> None:
    """d0 open then and won since; d1 lost, by a day now known as earlier; d2 lost, now said to be later; d3 won
    before it began; d4 not seen yet; d5 not begun."""
    frame = deals({"closed_on": date(2025, 5, 5), "outcome": "won"}, {"closed_on": date(2025, 2, 2), "outcome": "lost"},
                  {"closed_on": date(2025, 6, 6), "outcome": "lost"}, {"created_on": date(2025, 3, 9)}, {},
                  {"created_on": date(2025, 4, 1)})  # fmt: skip
    seen = deal_looks(
        ("d0", date(2025, 1, 5), "open", 1.0), ("d0", DAY, "open", 2.0), ("d0", date(2025, 5, 5), "won", 3.0),
        ("d1", date(2025, 2, 9), "lost", 4.0), ("d2", date(2025, 2, 9), "lost", 5.0),
        ("d3", date(2025, 3, 1), "won", 6.0), ("d4", date(2025, 4, 1), "open", 7.0),
        ("d5", date(2025, 3, 1), "open", 8.0),
    )  # fmt: skip
    shown, known = known_by(frame, seen, DAY)
    assert shown.select("deal_id", "outcome", "closed_on", "amount").rows() == [
        ("d0", None, None, 2.0), ("d1", "lost", date(2025, 2, 2), 4.0), ("d2", "lost", date(2025, 2, 9), 5.0),
        ("d3", "won", date(2025, 3, 9), 6.0),
    ]  # fmt: skip
    assert known["known_on"].max() == DAY and len(known) == 6 and shown.columns == frame.columns


@pytest.mark.parametrize(("late", "is_used"), [(1, True), (2, False)])
def test_a_cutoff_is_used_where_nine_in_ten_open_deals_were_known(late: int, is_used: bool) -> None:
    """Of ten deals open on the day; those that ended by it or came later do not count."""
    open_then: list[dict[str, object]] = [{}] * 7 + [{"created_on": DAY, "first_known_on": DAY}]
    open_then += [{"closed_on": date(2025, 4, 1), "outcome": "won", "first_known_on": DAY}] * (2 - late)
    open_then += [{"first_known_on": date(2025, 4, 1)}] * late
    frame = deals(*open_then, {"closed_on": DAY, "outcome": "lost"}, {"created_on": date(2025, 4, 1)})  # fmt: skip
    assert deal_origins._counts(frame, DAY) == {
        "cutoff": DAY, "n_known": 10 - late, "n_not_exported": late, "is_used": is_used,
    }  # fmt: skip


def test_a_day_without_open_deals_is_not_used() -> None:
    ended = deals({"closed_on": date(2025, 2, 1), "outcome": "won"})
    assert deal_origins._counts(ended, DAY)["is_used"] is False


def test_a_day_and_its_cutoffs_are_forecast_from_what_was_known_then() -> None:
    seen = deal_looks(*((f"d{number}", date(2025, 1, 1), "open", 10.0) for number in range(4)))
    asked = {"levels": {}, "settings": FEW, "seeds": {"talk": 0.4}}
    cutoffs = [date(2025, 2, 28), date(2024, 12, 31)]
    made = forecast_deals(deals({}, {}, {}, {}), seen, as_of=DAY, cutoffs=cutoffs, **asked)  # type: ignore[arg-type]
    assert made is not None and made.scores is not None and len(made.scores.deals) == 4
    assert made.rows.columns == list(schemas.PIPELINE) and made.past.columns == list(schemas.BACKTEST)
    first = made.rows.filter(metric="bookings", horizon=1).row(0, named=True)
    assert (first["n_open_deals"], first["n_won_deals"], first["period_start"]) == (4, 0, date(2025, 4, 1))
    assert first["existing"] == pytest.approx(4.0), "four times a quarter of .4 of ten"
    assert made.cutoffs.rows() == [(cutoffs[0], 4, 0, True), (cutoffs[1], 0, 0, False)]
    assert set(made.past["cutoff"]) == {cutoffs[0]} and set(made.past["model"]) == {"pipeline"}
    assert made.past["y"].null_count() == len(made.past) == 4
    with pytest.raises(FrozenInstanceError):
        made.rows = made.past  # type: ignore[misc]
    unscored = forecast_deals(deals({}, {}, {}, {}), seen, as_of=DAY, cutoffs=[], scored=False, **asked)  # type: ignore[arg-type]
    assert unscored is not None and unscored.scores is None and unscored.past.is_empty() and len(unscored.rows) == 4
    nothing = forecast_deals(deals({}), seen, as_of=date(2024, 1, 1), cutoffs=cutoffs, **asked)  # type: ignore[arg-type]
    assert nothing is None


def test_a_past_day_is_drawn_three_hundred_times_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def score(_: object, settings: Settings, seeds: object, *, explained: bool = True) -> None:
        drawn.append(settings.draws)
        assert not explained

    monkeypatch.setattr(deal_origins, "score_deals", score)
    monkeypatch.setattr(deal_origins, "forecast_pipeline", lambda *_: type("Made", (), {"rows": pl.DataFrame()}))
    monkeypatch.setattr(deal_origins.memory, "recall_table", lambda facts, frames, compute: compute())
    for draws in (1000, 200):
        asked = deal_origins._Asked(deals({}), deal_looks(("d0", DAY, "open", 1.0)), {}, Settings(draws=draws), {})
        asked.rows(asked.history(DAY))
    assert drawn == [300, 200]
