"""Which links join two clusters, in which order, and what each link that was not followed is told."""

import numpy as np
import polars as pl
import pytest
from test_resolve import clusters, links

from pipelines.resolve.cluster_input import ClusterInput
from pipelines.resolve.clusters import IDS_CONFLICT, MERGED, OUTVOTED, cluster
from pipelines.resolve.reviews import reviews

pytestmark = pytest.mark.fast
EIGHT = (0, 1, 8.0), (2, 3, 8.0)
NO_CODES = np.full((1, 9), -1, dtype=np.int64)


@pytest.mark.parametrize(("bits", "labels"), [(1.6, [0, 0, 0, 0]), (1.4, [0, 0, 2, 2])])
def test_two_pairs_of_records_have_three_pairs_against_one_that_was_compared(bits: float, labels: list[int]) -> None:
    assert clusters(4, scored=[*EIGHT, (1, 2, bits)]) == labels, "half a bit against for each of the three"


@pytest.mark.parametrize(("bits", "labels"), [(2.6, [0] * 6), (2.4, [0, 0, 0, 0, 4, 4])])
def test_every_record_of_a_cluster_has_a_say_however_the_cluster_grew(bits: float, labels: list[int]) -> None:
    """Two pairs become four records; of their eight pairs with the last two one is for, two against, five unknown."""
    four = [*EIGHT, (0, 2, 7.0), (1, 3, 7.0), (4, 5, 8.0)]
    against = [(0, 4, -1.0), (3, 5, -1.0)]
    assert clusters(6, scored=[*four, *against, (1, 4, bits + 2.0)]) == labels


@pytest.mark.parametrize("single", [0, 1, 2])
def test_a_single_record_joins_a_pair_by_its_bits_with_both_wherever_it_stands(single: int) -> None:
    first, second = (record for record in range(3) if record != single)
    pairs = [(first, second, 8.0), (*sorted((single, first)), 0.3), (*sorted((single, second)), 0.3)]
    assert clusters(3, scored=pairs) == [0, 0, 0]
    outvoted = clusters(3, scored=[*pairs[:2], (*pairs[2][:2], -0.4)])
    assert outvoted[single] != outvoted[first] == outvoted[second]


def test_the_pair_with_most_bits_goes_first_and_of_equal_ones_that_of_the_first_record() -> None:
    """0 and 1 are one customer; 2 and 3 have different tax ids, so that only one of them can join it."""
    codes, joined = [[-1, -1, 0, 1]], (0, 1, 8.0)
    assert clusters(4, scored=[joined, (0, 3, 5.0), (1, 2, 5.0)], codes=codes) == [0, 0, 2, 0]
    assert clusters(4, scored=[joined, (1, 2, 5.0), (0, 3, 5.0)], codes=codes) == [0, 0, 2, 0]
    assert clusters(4, scored=[joined, (0, 3, 5.0), (1, 2, 5.1)], codes=codes) == [0, 0, 0, 3]
    assert clusters(4, scored=[joined, (0, 2, 5.0), (0, 3, 5.0)], codes=codes) == [0, 0, 0, 3]


@pytest.mark.parametrize("certain", [[(0, 3, 1.0)], [(0, 5, 1.0), (2, 3, 1.0), (3, 5, 1.0)]])
def test_of_two_equal_customers_a_record_joins_the_one_with_the_first_record(
    certain: list[tuple[int, int, float]],
) -> None:
    """4 fits two customers equally, that of 0 and that of 1: they have different tax ids."""
    codes = [[7, 8, -1, -1, -1, -1]]
    found = clusters(6, certain=certain, scored=[(0, 4, 5.0), (1, 4, 5.0)], codes=codes)
    assert (found[4], found[1]) == (0, 1)


def test_a_customer_takes_the_tax_id_of_what_joins_it_whichever_is_larger() -> None:
    """The id of one joins the others with none; a third record with another id then stays out."""
    for codes in ([[4, -1, -1, 5]], [[-1, 4, -1, 5]], [[-1, -1, 4, 5]], [[0, -1, -1, 1]], [[1, -1, -1, 0]]):
        joined = [(0, 1, 8.0), (1, 2, 7.5), (0, 2, 7.5)]
        assert clusters(4, scored=[*joined, (0, 3, 7.0), (1, 3, 7.0), (2, 3, 7.0)], codes=codes) == [0, 0, 0, 3]
        same = [[code if code != codes[0][3] else max(codes[0][:3]) for code in codes[0]]]
        assert clusters(4, scored=[*joined, (0, 3, 7.0), (1, 3, 7.0), (2, 3, 7.0)], codes=same) == [0, 0, 0, 0]


def test_a_decision_makes_keys_one_for_all_their_records_but_never_tax_ids() -> None:
    keyed = [[-1] * 6, [0, 1, 1, 2, -1, 0]]
    pairs = [(0, 2, 9.0), (4, 5, 9.0), (2, 5, 9.0), (0, 5, 9.0), (0, 3, 9.0)]
    assert clusters(6, decided=[(0, 1, 1.0)], scored=pairs, codes=keyed) == [0, 0, 0, 3, 0, 0]
    taxed = [keyed[1], [-1] * 6]
    assert clusters(6, decided=[(0, 1, 1.0)], codes=taxed) == [0, 1, 2, 3, 4, 5]


def test_a_pair_inside_a_customer_is_merged_whatever_its_bits_and_the_last_pair_has_its_own_outcome() -> None:
    """2 and 3 share a key, so that their pair is between no two customers; 0 and 1 are the only ones that are."""
    found = cluster(4, links(), links((2, 3, 1.0)), links(), links((0, 1, 4.0), (2, 3, -9.0)), NO_CODES[:, :4])
    assert found.labels.tolist() == [0, 0, 2, 2]
    assert found.scored_outcomes.tolist() == [MERGED, MERGED]
    codes = np.array([[-1, -1, 3, 4]], dtype=np.int64)
    told = cluster(4, links(), links(), links(), links((0, 1, 4.0), (0, 2, 3.0), (1, 2, -9.0), (2, 3, 5.0)), codes)
    assert told.labels.tolist() == [0, 0, 2, 3]
    assert told.scored_outcomes.tolist() == [MERGED, OUTVOTED, 0, IDS_CONFLICT]


def test_people_are_told_why_each_link_was_not_followed() -> None:
    """0, 1: two tax ids. 2, 3: someone keeps apart what a key joins. 4, 5, 6: a pair that the third record outvotes.
    7, 8: as likely one customer as two."""
    records = pl.DataFrame({"record": range(9), "source_system": "crm", "source_id": [str(one) for one in range(9)]})
    kinds = {"l": pl.Int64, "r": pl.Int64, "is_same": pl.Boolean, "rule": pl.String}
    kept, joined = [(2, 3, False, "override"), (0, 1, True, "override")], [(2, 3), (4, 5)]
    rows = [*kept, *((*ends, True, "namespace") for ends in joined)]
    bits = {"l": pl.Int64, "r": pl.Int64, "score_bits": pl.Float64}
    scored = pl.DataFrame([(4, 6, 3.0), (5, 6, -5.0), (7, 8, 0.0)], schema=bits, orient="row")
    codes = np.array([[1, 2, *[-1] * 7]], dtype=np.int64)
    company = ClusterInput(records, scored, pl.DataFrame(rows, schema=kinds, orient="row"), codes, ["valid tax id"])
    asked = reviews(company, company.clusters(), records.select("record", customer_id="source_id"))
    assert asked.select("source_id_l", "source_id_r", "kind", "reason").rows() == [
        ("0", "1", "contradiction", "their ids contradict each other"),
        ("2", "3", "contradiction", "someone keeps them apart"),
        ("4", "6", "blocked", "other records of the two clusters disagree"),
        ("7", "8", "grey", "the evidence decides neither way"),
    ]
