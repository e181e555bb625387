"""Which columns a calendar gets and what stands in them: seasons, holidays, conditions."""

from datetime import date

import numpy as np
import pytest

from forecasts.prophet_map import seasons
from forecasts.prophet_map.holidays import country_holidays, holiday_columns, holiday_features, years_of
from forecasts.prophet_map.panel import DAY
from forecasts.prophet_map.specification import Holiday, Regressor, Seasonality, Specification, SpecificationError

pytestmark = pytest.mark.fast


def micros(*words: str) -> np.ndarray:
    return np.array(words, dtype="datetime64[us]").astype(np.int64)


def calendar(days: int, step: float = 1.0, first: str = "2021-01-01") -> np.ndarray:
    """Dates in equal steps whose last is so many days after the first."""
    return micros(first) + (np.arange(round(days / step) + 1) * step * DAY).astype(np.int64)


@pytest.mark.parametrize(
    ("days", "step", "found"),
    [
        (730, 365, (True, False, False)),
        (729, 243, (False, False, False)),
        (14, 1, (False, True, False)),
        (13, 1, (False, False, False)),
        (14, 7, (False, False, False)),
        (18, 6, (False, True, False)),
        (2, 0.5, (False, False, True)),
        (1.5, 0.5, (False, False, False)),
        (730, 0.5, (True, True, True)),
    ],
)
def test_a_pattern_is_sought_in_what_is_long_and_dense_enough(
    days: int, step: float, found: tuple[bool, bool, bool]
) -> None:
    assert tuple(seasons.has_auto_seasonality(calendar(days, step)[None])[0]) == found


def test_dates_that_stand_twice_say_nothing_of_density() -> None:
    twice = np.repeat(calendar(28, 7), 2)
    assert seasons.has_auto_seasonality(twice[None])[0].tolist() == [False, False, False]


@pytest.mark.parametrize(
    ("switch", "is_on", "is_custom", "order"),
    [
        ("auto", True, False, 6),
        ("auto", False, False, 0),
        ("auto", True, True, 0),
        (True, False, False, 6),
        (False, True, False, 0),
        (4, False, True, 4),
        (0, True, False, 0),
    ],
)
def test_a_switch_says_how_fine_a_pattern_is(switch: seasons.Switch, is_on: bool, is_custom: bool, order: int) -> None:
    assert seasons.order_of(switch, is_on, 6, is_custom) == order


def test_built_in_patterns_follow_one_s_own_and_take_their_place_in_prophet_s_order() -> None:
    own = Seasonality("weekly", 7, 2, 3.0, "multiplicative")
    spec = Specification(seasonalities=(own, Seasonality("month", 30.5, 5)), seasonality_prior_scale=4.0)
    hours = calendar(730, 0.5)
    assert seasons.seasonalities_of(spec, hours) == (
        own,
        Seasonality("month", 30.5, 5),
        Seasonality("yearly", 365.25, 10, 4.0),
        Seasonality("daily", 1, 4, 4.0),
    )
    plain = seasons.seasonalities_of(Specification(seasonality_mode="multiplicative"), calendar(30))
    assert plain == (Seasonality("weekly", 7, 3, 10.0, "multiplicative"),)


def test_columns_are_seasons_holidays_and_regressors_with_their_own_priors_and_modes() -> None:
    spec = Specification(
        seasonalities=(Seasonality("week", 7, 1, 2.0, "multiplicative"),),
        holidays=(Holiday("fair", date(2021, 1, 9), 0, 1, 6.0),),
        holidays_mode="multiplicative",
        regressors=(Regressor("price", 0.5), Regressor("push", 3.0, mode="multiplicative")),
        weekly_seasonality=False,
    )
    layout = seasons.layout_of(spec, calendar(30))
    assert layout.components == ("week", "week", "fair", "fair", "price", "push")
    assert layout.prior_scales == (2, 2, 6, 6, 0.5, 3)
    assert layout.is_multiplicative == (True, True, True, True, False, True)


@pytest.mark.parametrize("is_shared", [False, True])
def test_waves_of_a_period_count_from_1970(is_shared: bool) -> None:
    """A third of the way through a period of nine days; many calendars of the same days get the same values."""
    dates = np.stack([calendar(20), calendar(20)]) if is_shared else calendar(20)[None]
    if is_shared:
        dates = np.tile(dates, (3, 1))
    found = seasons.fourier(dates, 9.0, 2)
    turn = 2 * np.pi * (dates / DAY % 9) / 9
    expected = np.stack([np.sin(turn), np.cos(turn), np.sin(2 * turn), np.cos(2 * turn)], axis=-1)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    half = seasons.fourier(dates + DAY // 2 * np.arange(len(dates))[:, None], 9.0, 1)
    np.testing.assert_allclose(half[0], expected[0, :, :2], atol=1e-9)


def test_a_condition_turns_its_season_off() -> None:
    spec = Specification(
        seasonalities=(Seasonality("busy", 7, 1, condition="is_busy"),), regressors=(Regressor("price"),)
    )
    dates = calendar(13)[None]
    extra = np.column_stack([np.arange(14.0), np.arange(14) % 3])[None]
    X = seasons.features(spec, seasons.layout_of(spec, dates[0]), dates, extra)
    is_on = np.arange(14) % 3 != 0
    np.testing.assert_allclose(X[0, :, :2], seasons.fourier(dates, 7, 1)[0] * is_on[:, None])
    assert X.shape == (1, 14, 3) and X[0, :, 2].tolist() == list(range(14))


def test_a_holiday_has_a_column_for_each_day_of_its_window() -> None:
    fair, other = Holiday("fair", date(2021, 1, 9), -1, 1, 6.0), Holiday("fair", date(2021, 1, 20), 0, 2)
    spec = Specification(holidays=(fair,), holidays_prior_scale=6.0)
    columns = holiday_columns(Specification(holidays=(fair, other), holidays_prior_scale=6.0), calendar(30))
    assert [column.key for column in columns] == ["fair_delim_+0", "fair_delim_+1", "fair_delim_+2", "fair_delim_-1"]
    assert [column.offset for column in columns] == [0, 1, 2, -1] and {column.prior_scale for column in columns} == {6}
    values = holiday_features(columns, calendar(30)[None])[0]
    january = [(np.flatnonzero(values[:, column]) + 1).tolist() for column in range(4)]
    assert january == [[9, 20], [10, 21], [22], [8]] and values.max() == 1
    assert len(holiday_columns(spec, calendar(30))) == 3 and holiday_columns(Specification(), calendar(3)) == ()
    assert holiday_features((), calendar(30)[None]).shape == (1, 31, 0)
    with pytest.raises(SpecificationError, match="holiday 'fair' has two prior scales"):
        holiday_columns(Specification(holidays=(fair, other)), calendar(30))


def test_a_country_s_holidays_are_those_of_the_years_ahead_too() -> None:
    """Learnt from January 2021, with a company's own New Year beside the national one; Easter moves."""
    spec = Specification(country="DE", holidays=(Holiday("sale", date(2021, 1, 4)),), holidays_prior_scale=2.0)
    columns = holiday_columns(spec, calendar(30))
    by_name = {column.name: column for column in columns}
    assert by_name["sale"].country is None and by_name["Good Friday"].country == "DE"
    assert {column.prior_scale for column in columns} == {2.0}
    ahead = micros("2022-04-15", "2022-04-16", "2021-04-02", "2022-01-04")
    values = holiday_features((by_name["Good Friday"], by_name["sale"]), ahead[None])[0]
    assert values.tolist() == [[1, 0], [0, 0], [1, 0], [0, 0]]
    with pytest.raises(SpecificationError, match="country 'XX': no built-in holidays"):
        country_holidays("XX", (2021,))
    assert country_holidays("TU", (2021,)) == country_holidays("TR", (2021,))
    assert years_of(micros("1969-12-31", "1970-01-01", "2024-12-31")).tolist() == [1969, 1970, 2024]
