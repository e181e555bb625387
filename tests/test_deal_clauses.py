"""Every feature that a reason may name is said in words that a sales manager reads, in English and in Chinese."""

import re

import numpy as np
import polars as pl
import pytest
import yaml
from deal_histories import made_deals

from forecasts.deals.clauses import LABELS, PHRASES
from forecasts.deals.contributions import in_words
from forecasts.deals.features import in_plain, raw_features
from forecasts.deals.history import History
from forecasts.deals.leads import NOT_FEATURES
from forecasts.deals.panel import panel
from forecasts.panel.frequency import Frequency
from pipelines.deal_ledger import LEAD_FACTS
from pipelines.home.settings import DBT_PROJECT
from pipelines.report.words import load_words

pytestmark = pytest.mark.fast

FLAGS = ("has_budget", "has_decision_process", "has_decision_maker")
MORE = ("activity_count", "deep_activity_count", "contact_count", "role_count", "customer_size", "last_activity_on")
OF_LEADS = {"has_owner": [1.0, 0.0], "unassigned_days": [0.0, 1.4], "share_of_this_age_probability": [-1.0, 0.3]}
MADE_UP = re.compile(r"[a-z]+_[a-z]")


def served_columns() -> list[str]:
    """The columns that the warehouse gives the engine, and those that fuller exports have."""
    path = DBT_PROJECT / "models" / "intermediate" / "int_forecast_observations.yml"
    (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return [*dict.fromkeys([*(column["name"] for column in model["columns"]), *MORE, *FLAGS, "industry", "tier"])]


def raw() -> pl.DataFrame:
    """All features of open deals, of which a third of the values is not known."""
    deals, seen = made_deals(5, months=30)
    rng = np.random.default_rng(2)
    for name in [name for name in served_columns() if name not in seen.columns] + ["region", "channel", "stage_code"]:
        number = pl.Series(rng.integers(0, 6, len(seen)))
        if name.endswith(("_on", "_since")):
            values = pl.col("known_on") + pl.duration(days=number * 5 - 12)
        elif name in FLAGS:
            values = pl.lit(number > 2)
        elif name == "typed_probability":
            values = pl.lit(number / 5)
        else:
            values = pl.lit(number) if name.endswith(("_count", "_size", "_order")) else pl.lit("甲")
        is_known = pl.lit(pl.Series(rng.random(len(seen)) < 0.7))
        seen = seen.with_columns(pl.when(is_known).then(values).alias(name))
    deals = deals.with_columns(rep=pl.lit("甲"))
    history = History(deals["created_on"].max(), deals, seen)  # type: ignore[arg-type]
    return raw_features(history, panel(history, Frequency("MS"), [history.as_of], 3).rows)


def told(features: pl.DataFrame) -> pl.DataFrame:
    """feature, value and reasons, once per feature and value."""
    said = [
        pl.DataFrame({"feature": name, "value": in_plain(name, features[name])}).unique(maintain_order=True)
        for name in features.columns
    ]
    rows = pl.concat(said).with_row_index("row").with_columns(deal_id=pl.col("row").cast(pl.String))
    rows = rows.with_columns(rank=pl.lit(1), contribution=pl.lit(0.3))
    return rows.join(in_words(rows), on="deal_id", how="left")


@pytest.fixture(scope="module")
def sentences() -> pl.DataFrame:
    lead_words = [name for name in re.findall(r"\w+", LEAD_FACTS) if name not in {*NOT_FEATURES, "score"}]
    leads = pl.DataFrame(OF_LEADS | {"score": [3.0, None], "source_system": ["甲", None]}).with_columns(
        [pl.Series(name, ["甲", None]) for name in lead_words]
    )
    return pl.concat([told(raw()), told(leads)])


def test_every_feature_has_words_of_its_own(sentences: pl.DataFrame) -> None:
    named = sentences["feature"].unique().to_list()
    assert len(named) > 45
    flagged = {name.partition("|")[0] for name in PHRASES} | {*FLAGS, "has_owner"}
    assert [name for name in named if name not in LABELS and name not in flagged] == []
    assert sentences.filter(pl.col("reasons").str.contains(MADE_UP.pattern))["reasons"].to_list() == []


def test_every_sentence_has_its_chinese(sentences: pl.DataFrame) -> None:
    book = load_words("zh")
    said = {text: book.said(text) for text in sentences["reasons"].unique()}
    assert {text: other for text, other in said.items() if re.search("[A-Za-z]{2}", other)} == {}


def test_a_number_of_who_never_bought_is_one_of_deals_and_zero_is_of_who_has() -> None:
    names = ("never_bought_lost_deals", "never_bought_deals", "never_bought_usual_deals")
    frame = pl.DataFrame({name: [0.0, 3.0] for name in names}).with_columns(
        never_bought_deals_over_usual=pl.Series([0.0, float(np.log(1.5))]),
        customer_deals_a_year_and_never_bought=pl.Series([0.0, 0.3]),
    )
    reasons = [text.partition(", which raises it")[0] for text in told(frame)["reasons"]]
    assert reasons[::2] == [
        "the customer has bought before, or turned down none",
        "the customer has bought before, or has no deal of late",
        "the customer has bought before",
        "the customer has bought before, or has as many deals as usual",
        "the customer has bought before",
    ]
    assert reasons[1::2] == [
        "deals turned down by a customer who has never bought: 3",
        "deals of a customer who has never bought: 3",
        "deals usual for the size of a customer who has never bought: 3.0",
        "deals of a customer who has never bought, over those usual for its size: 1.5",
        "how many deals the customer has without ever buying",
    ]


def test_a_day_is_told_from_today() -> None:
    days = pl.Series([-float(np.log1p(30)), 0.0, float(np.log1p(12))])
    assert in_plain("expected_close_on", days).to_list() == ["30 days ago", "today", "in 12 days"]
