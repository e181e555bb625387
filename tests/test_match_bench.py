"""The figures of matching are computed, not written down."""

import pytest

from pipelines.bench.match import measure_ours
from pipelines.bench.match_companies import made_companies
from pipelines.bench.match_data import sample_company
from pipelines.bench.match_people import made_people
from pipelines.bench.match_scores import quality
from pipelines.bench.match_update import measure_update


def test_quality_of_known_clusters_is_known() -> None:
    assert quality(["a", "a", "b", "b"], [1, 1, 1, 2]) == {
        "precision": 0.5,
        "recall": pytest.approx(0.3333),
        "f1": 0.4,
        "b_cubed_f1": pytest.approx(0.7059, abs=1e-4),
    }


def test_the_sample_company_is_matched_precisely() -> None:
    figures = measure_ours(sample_company(1_500), fit=False)
    assert figures["precision"] >= 0.97 and figures["recall"] >= 0.9
    assert figures["pairs_whose_bits_do_not_sum"] == 0


def test_new_records_change_no_id_without_an_event_join_no_two_tax_ids_and_follow_every_override() -> None:
    figures = measure_update(sample_company(400), new=4)
    promises = ("ids_changed_without_event", "customers_with_two_valid_tax_ids", "customers_against_an_override")
    assert {name: figures[name] for name in promises} == dict.fromkeys(promises, 0)
    assert figures["decisions"] >= 20


def test_made_populations_are_the_same_every_time_and_matched_precisely() -> None:
    people, companies = made_people(4_000), made_companies(3_000)
    assert people.equals(made_people(4_000)) and companies.equals(made_companies(3_000))
    figures = {"people": measure_ours(people), "companies": measure_ours(companies)}
    assert figures["people"]["precision"] >= 0.97 and figures["people"]["recall"] >= 0.95
    assert figures["companies"]["precision"] >= 0.98 and figures["companies"]["recall"] >= 0.88
    assert all(0.95 < found["candidate_recall"] <= 1 for found in figures.values())
