"""Matching from records to customers: what links records, what keeps them apart, and how a score is explained."""

from pathlib import Path

import pytest
from match_home import ACME, MatchHome, home_with, strangers, valid_tax_id

from pipelines.errors import AlmanacError
from pipelines.home import warehouse
from pipelines.matching.explain import explain
from pipelines.resolve import resolve_customers


def customers(home: MatchHome, number: int = 1) -> dict[str, str]:
    """`system|id` -> customer after a live run."""
    resolve_customers(home.settings, home.run("live", number))
    with warehouse.read(home.settings) as connection:
        rows = connection.execute("select source_system || '|' || source_id, customer_id from resolved.customer_map")
        return dict(rows.fetchall())


def table(home: MatchHome, sql: str) -> list[tuple]:
    with warehouse.read(home.settings) as connection:
        return connection.execute(sql).fetchall()


def test_no_records_and_records_without_a_name_are_accepted(tmp_path: Path) -> None:
    assert customers(home_with(tmp_path / "empty", [])) == {}
    customer_of = customers(home_with(tmp_path / "nameless", [("crm", "1"), ("crm", "2"), ("erp", "1")]))
    assert len(set(customer_of.values())) == 3


def test_one_company_in_two_systems_is_one_customer(tmp_path: Path) -> None:
    home = home_with(tmp_path, [("crm", "1", *ACME), ("erp", "9", "ACME WIDGETS", *ACME[1:]), *strangers(40)])
    customer_of = customers(home)
    assert customer_of["crm|1"] == customer_of["erp|9"]
    assert len(set(customer_of.values())) == 41


def test_every_score_is_the_sum_of_its_bits(tmp_path: Path) -> None:
    home = home_with(tmp_path, [("crm", "1", *ACME), ("erp", "9", "Acme Widgets", *ACME[1:]), *strangers(30)])
    columns = [row[0] for row in table(home, "describe matching.mtc_pairs") if row[0].endswith("_bits")]
    total = " + ".join(name for name in columns if name != "score_bits")
    assert (
        table(home, f"select count(*), count(*) filter (where score_bits != {total}) from matching.mtc_pairs")[0][1]
        == 0
    )
    assert table(home, "select count(*) from matching.mtc_pairs")[0][0] > 0


def test_one_key_of_a_namespace_is_one_customer_and_two_keys_are_two(tmp_path: Path) -> None:
    people = [(system, f"{system}{i}", "Jon Yang") for system in ("a", "b") for i in range(6)]
    keys = [(system, f"{system}{i}", "people", str(i)) for system in ("a", "b") for i in range(6)]
    customer_of = customers(home_with(tmp_path, people, keys))
    assert all(customer_of[f"a|a{i}"] == customer_of[f"b|b{i}"] for i in range(6))
    assert len(set(customer_of.values())) == 6


def test_equal_names_alone_make_no_person(tmp_path: Path) -> None:
    people = [
        ("a", "1", "Eugene Huang"),
        ("b", "1", "Eugene Huang"),
        ("a", "2", "Mary Smith"),
        ("b", "2", "Bob Miller"),
    ]
    assert len(set(customers(home_with(tmp_path, people)).values())) == 4


def test_a_sister_company_in_another_place_is_not_merged(tmp_path: Path) -> None:
    rows = [("crm", "1", "深圳市博腾实业有限公司"), ("erp", "1", "上海博腾实业有限公司"), *strangers(30)]
    customer_of = customers(home_with(tmp_path, rows))
    assert customer_of["crm|1"] != customer_of["erp|1"]


@pytest.mark.parametrize(
    ("company", "branch"),
    [
        ("上海博腾实业有限公司", "上海博腾实业有限公司苏州分公司"),  # a branch
        ("上海博腾实业有限公司", "博腾（苏州）机械有限公司"),  # a subsidiary
        ("中国建设银行股份有限公司", "中国建设银行上海分行"),
        ("Siemens AG", "Siemens AG, Branch Office Hamburg"),
        ("Siemens AG", "Siemens Logistics GmbH"),
    ],
)
def test_neither_a_branch_nor_a_subsidiary_is_a_duplicate(tmp_path: Path, company: str, branch: str) -> None:
    phone = "021-55512345" if "分公司" in branch else None  # even at the telephone of the company
    rows = [("crm", "1", company, None, phone, "上海"), ("erp", "9", branch, None, phone, "苏州"), *strangers(30)]
    customer_of = customers(home_with(tmp_path, rows))
    assert customer_of["crm|1"] != customer_of["erp|9"]


def test_a_not_same_row_holds_on_every_run_and_its_removal_merges_again(tmp_path: Path) -> None:
    rows = [("crm", "1", *ACME), ("erp", "9", *ACME), *strangers(30)]
    home = home_with(tmp_path, rows)
    merged = customers(home)
    assert merged["crm|1"] == merged["erp|9"]
    home.match(overrides="crm,1,erp,9,not_same,mei,2026-01-02,two plants\n")
    for number in (2, 3):
        apart = customers(home, number)
        assert apart["crm|1"] != apart["erp|9"]
    assert {apart["crm|1"], apart["erp|9"]} > {merged["crm|1"]}
    events = table(home, "select event, cause from resolved.customer_events where run_id = 'r2'")
    assert events == [("split", "mei on 2026-01-02: two plants")]
    home.match()
    assert customers(home, 4)["erp|9"] == merged["erp|9"]
    assert table(home, "select alias_customer_id from resolved.customer_aliases") == [
        ((set(apart.values()) - set(merged.values())).pop(),)
    ]


def test_a_same_row_joins_records_that_no_evidence_would(tmp_path: Path) -> None:
    rows = [("crm", "1", "Acme Widgets Ltd"), ("erp", "9", "Roadrunner Holdings"), *strangers(10)]
    home = home_with(tmp_path, rows, overrides="erp,9,crm,1,same,mei,2026-01-02,renamed\n")
    customer_of = customers(home)
    assert customer_of["crm|1"] == customer_of["erp|9"]
    assert table(home, "select cause from resolved.customer_map where source_system = 'erp'") == [
        ("mei on 2026-01-02: renamed",)
    ]


def test_a_customer_whose_records_are_all_removed_is_explained_from_the_log(tmp_path: Path) -> None:
    home = home_with(tmp_path, [("crm", "1", *ACME), *strangers(10)])
    removed = customers(home)["crm|1"]
    with warehouse.write(home.settings) as connection:
        connection.execute("delete from staging.stg_account_records where source_id = '1'")
    home.match()
    assert removed not in customers(home, 2).values()
    with warehouse.read(home.settings) as connection:
        text = explain(connection, [removed])
        with pytest.raises(AlmanacError, match=rf"'crm\|1' is not in the newest exports; it was customer {removed}"):
            explain(connection, ["crm|1", "crm|x1"])
        with pytest.raises(AlmanacError, match="no customer 'C0'"):
            explain(connection, ["C0"])
    assert "none of its 1 records is in the newest exports" in text
    assert "crm|1  Acme Widgets Ltd  last exported on 2026-01-01" in text
    assert "run r1, as of 2026-01-01" in text and "r1, as of 2026-01-01  mint  crm|1" in text


def test_blanks_and_capitals_of_a_decision_are_ignored_and_a_missing_author_is_named(tmp_path: Path) -> None:
    rows = [("crm", "1", *ACME), ("erp", "9", *ACME), *strangers(30)]
    home = home_with(tmp_path, rows, overrides="crm, 1,erp\u3000,9 , Not_Same,, 2026-01-02 ,\n")
    customer_of = customers(home)
    assert customer_of["crm|1"] != customer_of["erp|9"]
    causes = table(home, "select cause from matching.mtc_certain_links")
    assert causes == [("someone on 2026-01-02, without a reason",)]


def test_a_not_same_row_outweighs_same_rows_that_would_join_the_two_through_a_third(tmp_path: Path) -> None:
    rows = [("crm", "1", *ACME), ("erp", "9", *ACME), ("shop", "5", *ACME), *strangers(30)]
    decisions = ["crm,1,erp,9,not_same,mei,2026-01-02,two plants", "crm,1,shop,5,same,li,2026-01-03,I know them"]
    decisions += ["shop,5,erp,9,same,li,2026-01-04,and them"]
    home = home_with(tmp_path, rows)
    assert len({customers(home)[record] for record in ("crm|1", "erp|9", "shop|5")}) == 1
    for number, order in enumerate((decisions, decisions[::-1], decisions[1:] + decisions[:1]), 2):
        home.match(overrides="\n".join(order) + "\n")
        customer_of = customers(home, number)
        assert customer_of["crm|1"] != customer_of["erp|9"]
        reviews = (
            "select kind, reason, source_id_l, source_id_r from resolved.customer_reviews where kind = 'contradiction'"
        )
        assert [row[:2] for row in table(home, reviews)] == [("contradiction", "someone keeps them apart")]
    causes = table(home, "select distinct cause from resolved.customer_events where event = 'split'")
    assert causes == [("mei on 2026-01-02: two plants",)]


def split_causes(home: MatchHome) -> dict[str, str]:
    query = "select source_system || '|' || source_id, cause from resolved.customer_events where event = 'split'"
    return dict(table(home, query))


def test_a_record_that_leaves_by_its_own_change_does_not_name_a_decision_about_others(tmp_path: Path) -> None:
    trio = [("crm", "1", *ACME), ("erp", "9", *ACME), ("shop", "5", *ACME)]
    stranger, override = ("erp", "7", "Zumtobia Steel Ltd"), "erp,9,erp,7,not_same,mei,2025-01-02,decided long ago\n"
    home = home_with(tmp_path, [*trio, stranger, *strangers(30)], overrides=override)
    customers(home)
    trio[1] = ("erp", "9", "Entirely Different AG", None, "0305550777", "Berlin")
    home_with(tmp_path, [*trio, stranger, *strangers(30)], overrides=override)
    customers(home, 2)
    assert split_causes(home) == {"erp|9": "the evidence no longer supports one customer"}


def test_a_record_that_follows_another_out_of_a_customer_names_the_same_decision(tmp_path: Path) -> None:
    five = [(system, "1", *ACME) for system in ("a", "b", "c")] + [("y", "1", *ACME[:3]), ("z", "1", ACME[0])]
    home = home_with(tmp_path, [*five, *strangers(30)])
    before = customers(home)
    assert len({before[f"{system}|1"] for system in "abcyz"}) == 1
    home.match(overrides="a,1,y,1,not_same,mei,2026-01-02,two firms\ny,1,z,1,same,mei,2026-01-02,one\n")
    customer_of = customers(home, 2)
    assert customer_of["y|1"] == customer_of["z|1"] != customer_of["a|1"]
    note = "mei on 2026-01-02: two firms"
    assert split_causes(home) == {name: note for name in before if customer_of[name] != before[name]} != {}


def test_two_valid_tax_ids_are_never_one_customer(tmp_path: Path) -> None:
    valid = valid_tax_id()
    rows = [("crm", "1", *ACME), ("erp", "9", ACME[0], valid, *ACME[2:]), *strangers(30)]
    customer_of = customers(home_with(tmp_path, rows, overrides="crm,1,erp,9,same,mei,2026-01-02,I think so\n"))
    assert customer_of["crm|1"] != customer_of["erp|9"]


def test_blocks_that_are_too_large_are_counted(tmp_path: Path) -> None:
    rows = [("crm", f"{i}", f"Company Number{i} Ltd", None, "021-58881234") for i in range(70)]
    home = home_with(tmp_path, rows)
    capped = table(
        home, "select capped_record_count, skipped_pair_count from matching.mtc_capped_blocks where rule = 'phone'"
    )
    assert capped == [(70, 70 * 69 // 2)]


def test_explain_shows_match_weights_customers_and_events(tmp_path: Path) -> None:
    home = home_with(tmp_path, [("crm", "1", *ACME), ("erp", "9", *ACME), *strangers(10)])
    customer_of = customers(home)
    with warehouse.read(home.settings) as connection:
        pair = explain(connection, ["erp|9", "crm|1"])
        customer = explain(connection, [customer_of["crm|1"]])
        with pytest.raises(AlmanacError, match="no record"):
            explain(connection, ["crm|1", "crm|404"])
    assert "one customer" in pair and "same_legal_name" in pair and "score" in pair
    assert "2 records" in customer and "mint" in customer


def test_a_file_is_matched_by_the_sql_of_the_nightly_job() -> None:
    from pipelines.home.settings import DBT_PROJECT
    from pipelines.matching.models import MATCHING, model_sql

    nightly = {path.stem for path in (DBT_PROJECT / "models" / "matching").glob("*.sql")}
    assert nightly == {*MATCHING, "mtc_contacts", "mtc_namespaces"}
    assert all("{{" not in model_sql(name) for name in nightly)


@pytest.mark.real
def test_real_organisations_are_matched_as_well_as_promised(datasets: Path) -> None:
    from pipelines.bench.match import DATA, measure_ours

    assert measure_ours(DATA["chicago_organisations"](datasets))["f1"] >= 0.925
