"""A recipe turns what is known of deals into columns, and each value is said as people say it."""

import numpy as np
import polars as pl
import pytest

from forecasts.deals.features import Recipe, in_plain, learn_recipe, null_share

pytestmark = pytest.mark.fast


def logit(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("has_budget", 1.0, "yes"),
        ("is_urgent", 0.0, "no"),
        ("customer_never_bought", 1.0, "yes"),
        ("typed_probability", logit(0.3), "30 %"),
        ("rep_won_share", logit(0.456), "46 %"),
        ("amount_growth", np.log(0.754), "-25 %"),
        ("amount_growth", np.log(1.257), "26 %"),
        ("customer_deals_a_year", np.log(2.54), "2.5"),
        ("push_count", np.log(3.6), "3"),
        ("amount", np.log(1001), "1000"),
        ("customer_size", np.log(8), "7"),
        ("push_count_30d", np.log(2.7), "2"),
        ("never_bought_deals", 2.6, "3"),
        ("never_bought_lost_deals", 2.0, "2"),
        ("never_bought_usual_deals", 2.26, "2.3"),
        ("never_bought_deals_over_usual", np.log(3), "3.0"),
        ("never_bought_deals_over_usual", 0.0, "0"),
        ("never_bought_usual_deals", 0.0, "0"),
        ("age_days", np.log(100), "99 days"),
        ("unassigned_days", 0.0, "0 days"),
        ("last_activity_on", -np.log(4), "3 days ago"),
        ("expected_close_on", np.log(11), "in 10 days"),
        ("stage_since", 0.0, "today"),
        ("stage_since", -np.log(2), "1 days ago"),
        ("expected_close_on", np.log(2), "in 1 days"),
        ("expected_close_on", np.log(3.6), "in 3 days"),
        ("score", 1.266, "1.27"),
        ("score", None, "unknown"),
        ("has_budget", None, "unknown"),
        ("channel", "fair", "fair"),
        ("channel", None, "unknown"),
    ],
)
def test_a_value_is_said_as_people_say_it(name: str, value: object, said: str) -> None:
    kind = pl.String if name == "channel" else pl.Float64
    assert in_plain(name, pl.Series(name, [value], dtype=kind)).to_list() == [said]


def test_a_word_gets_a_column_from_twenty_five_rows_on_where_another_has_one() -> None:
    words = ["fair"] * 30 + ["cold"] * 25 + ["mail"] * 24
    recipe = learn_recipe(pl.DataFrame({"channel": words, "team": ["one"] * 79}))
    assert recipe.words == {"channel": ("fair", "cold")} and recipe.gaps == ()
    assert recipe.centres == pytest.approx({"channel = fair": 30 / 79, "channel = cold": 25 / 79})
    matrix = recipe.matrix(pl.DataFrame({"channel": ["cold", "mail", None]}))
    np.testing.assert_allclose(matrix + np.array([30, 25]) / 79, [[0, 1], [0, 0], [0, 0]], atol=1e-12)


def test_of_words_the_sixty_most_frequent_have_columns() -> None:
    names = [f"w{number:02d}" for number in range(62)]
    recipe = learn_recipe(
        pl.DataFrame({"rep": [name for number, name in enumerate(names) for _ in range(25 + number)]})
    )
    assert recipe.words["rep"] == tuple(reversed(names[2:]))
    even = learn_recipe(pl.DataFrame({"rep": ["b"] * 25 + ["a"] * 25}))
    assert even.words["rep"] == ("a", "b"), "of the same number by name"


@pytest.mark.parametrize(("missing", "has_gap"), [(24, False), (25, True), (55, True), (56, False)])
def test_a_gap_gets_a_column_where_it_tells_rows_apart(missing: int, has_gap: bool) -> None:
    recipe = learn_recipe(pl.DataFrame({"score": [None] * missing + [float(n) for n in range(80 - missing)]}))
    assert recipe.gaps == (("score",) if has_gap else ())
    assert recipe.columns == [("score", "score")] + [("score", "score is missing")] * has_gap
    if has_gap:
        told = recipe.matrix(pl.DataFrame({"score": [None, 1.0]}, schema={"score": pl.Float64}))
        np.testing.assert_allclose(told[:, 1], [1 - missing / 80, -missing / 80])
        np.testing.assert_allclose(recipe.matrix(pl.DataFrame({"age": [1.0]}))[:, 1], [1 - missing / 80])


def test_numbers_are_centred_and_scaled_and_what_never_varies_has_no_column() -> None:
    near = [0.0, 1e-12, 0.0]
    recipe = learn_recipe(pl.DataFrame({"share": [0.1, 0.3, None], "same": [4.0, 4.0, None], "near": near}))
    assert recipe.numbers == {"share": (pytest.approx(0.2), pytest.approx(0.1 * np.sqrt(2))), "near": (0.0, 1.0)}
    told = recipe.matrix(pl.DataFrame({"share": [0.4, None], "near": [0.0, 2.0]}))
    np.testing.assert_allclose(told, [[np.sqrt(2), 0], [0, 2]], atol=1e-12)
    assert Recipe({}, {}, (), {}).matrix(pl.DataFrame({"share": [1.0, 2]})).shape == (2, 0)


def test_the_share_of_unknown_values_is_over_all_features() -> None:
    assert null_share(pl.DataFrame({"a": [None, 1.0], "b": ["x", None], "c": [1, 2]})) == pytest.approx(2 / 6)
    assert null_share(pl.DataFrame()) == 0
