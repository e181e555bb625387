"""The figures of matching are computed, not written down."""

import pytest

from pipelines.bench.match import measure_ours, quality
from pipelines.bench.match_data import sample_company


def test_quality_of_known_clusters_is_known() -> None:
    assert quality(["a", "a", "b", "b"], [1, 1, 1, 2]) == {
        "precision": 0.5,
        "recall": pytest.approx(0.3333),
        "f1": 0.4,
        "b_cubed_f1": pytest.approx(0.7059, abs=1e-4),
    }


def test_the_sample_company_is_matched_precisely() -> None:
    found = measure_ours(sample_company(1_500), fit=False)
    assert found["precision"] >= 0.97 and found["recall"] >= 0.9
    assert found["pairs_whose_bits_do_not_sum"] == 0
