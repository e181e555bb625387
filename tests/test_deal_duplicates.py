"""Which records are one deal: no two orders become one, and one deal written in two ways is counted once."""

import pytest
from deal_rules import Record, asked, counted, paired

pytestmark = pytest.mark.fast


def won(system: str, title: str, created: str, closed: str, amount: float = 50_000) -> Record:
    return Record(system, title, amount, f"2026-{created}", f"2026-{closed}", "won")


def test_orders_won_one_after_the_other_in_one_system_are_all_counted() -> None:
    weekly = [won("crm", "Toner refill", f"01-{day:02d}", f"01-{day + 1:02d}", 500) for day in (5, 12, 19)]
    daily = [won("crm", "Toner refill", f"01-{day:02d}", f"01-{day:02d}", 500) for day in (5, 5, 6)]
    overlapping = [won("crm", "Toner refill", f"01-{day:02d}", f"01-{day + 9:02d}", 500) for day in (5, 12)]
    assert len(counted(*weekly)) == 3
    assert len(counted(*daily)) == 3
    assert len(counted(*overlapping)) == 2


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ERP Rollout Berlin", "ERP Rollout Bremen"),
        ("园区监控项目东区", "园区监控项目西区"),
        ("Machine line A", "Machine line B"),
        ("Machine line", "Machine line B"),
        ("Toner refill", "Toner refill Berlin"),
        ("Datacenter Phase I", "Datacenter Phase II"),
        ("数据中心建设项目一标段", "数据中心建设项目二标段"),
    ],
)
@pytest.mark.parametrize("stage", ["open", "won"])
def test_two_sites_of_one_project_in_one_system_are_two_deals(left: str, right: str, stage: str) -> None:
    days = ("2026-01-05", "2026-03-01" if stage == "won" else None, stage)
    assert len(counted(Record("crm", left, 500_000, *days), Record("crm", right, 500_000, *days))) == 2


def test_a_deal_entered_twice_in_one_system_is_counted_once() -> None:
    first = Record("crm", "Oldgate - Press line 4", 100, "2026-01-05")
    assert counted(first, Record("crm", "OLDGATE PRESS LINE 4 project", 98, "2026-01-09")) != ["crm|0", "crm|1"]
    settled = won("crm", "Oldgate - Press line 4", "01-05", "03-01", 100)
    assert counted(settled, won("crm", "Press line 4", "01-09", "03-05", 98)) == ["crm|0"]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Datacenter Phase I", "Datacenter Phase II"),
        ("Datacenter Phase V", "Datacenter Phase X"),
        ("数据中心建设项目第一阶段", "数据中心建设项目第二阶段"),
        ("数据中心建设项目第十批", "数据中心建设项目第11批"),
        ("ERP Rollout Berlin", "ERP Rollout Munich"),
        ("Annual support contract - Oracle", "Annual support contract - Nginx"),
        ("Machine line A", "Machine line B"),
        ("园区监控项目东区", "园区监控项目西区"),
    ],
)
def test_two_projects_of_two_systems_stay_two_whatever_they_cost(left: str, right: str) -> None:
    assert len(counted(won("crm", left, "01-05", "03-01"), won("hub", right, "01-12", "03-08"))) == 2
    assert len(counted(Record("crm", left, 9, "2026-01-05"), Record("hub", right, 9, "2026-01-06"))) == 2


def test_an_order_won_a_month_later_in_another_system_is_another_order() -> None:
    january = won("crm", "Monthly supply", "01-05", "01-06", 1000)
    assert len(counted(january, won("hub", "Monthly supply", "02-05", "02-06", 1000))) == 2
    assert len(counted(january, won("hub", "Monthly supply", "01-08", "01-12", 1000))) == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ＥＲＰ　升级项目", "erp升级项目"),
        ("Pumps Kassel 01", "Pumps Kassel 1"),
        ("Datacenter Phase II", "Datacenter phase 2"),
        ("数据中心二期", "数据中心第二阶段"),
        ("Pump station Bremen", "Bremen: pump station project"),
    ],
)
def test_one_title_written_in_two_ways_is_one_deal(left: str, right: str) -> None:
    assert counted(won("crm", left, "01-05", "03-01"), won("hub", right, "01-06", "03-02")) == ["crm|0"]


def test_a_shared_id_of_a_third_system_outweighs_different_titles() -> None:
    berlin = Record("crm", "ERP Rollout Berlin", 9, "2026-01-05", external_id="X1")
    assert len(counted(berlin, Record("hub", "ERP Rollout Munich", 9, "2026-01-05", external_id="X1"))) == 1


@pytest.mark.parametrize("nothing", [None, 0])
def test_a_deal_whose_amount_one_system_does_not_know_is_found_and_keeps_its_money(nothing: float | None) -> None:
    known = Record("hub", "Bottling plant Kassel", 1000, "2026-01-05")
    unknown = Record("crm", "BOTTLING PLANT, Kassel", nothing, "2026-01-05")
    assert counted(unknown, known) == ["hub|1"]
    assert len(counted(unknown._replace(created="2026-01-06"), known)) == 2
    assert len(counted(unknown._replace(title="Bottling plant Kessel"), known)) == 2


def test_money_is_not_dropped_with_an_open_record_for_a_won_one_without_an_amount() -> None:
    settled = Record("crm", "Bottling plant Kassel", None, "2026-01-05", "2026-02-01", "won")
    assert len(counted(settled, Record("hub", "Bottling plant Kassel", 1000, "2026-01-05"))) == 2
    both = counted(settled, Record("hub", "Bottling plant Kassel", 1000, "2026-01-05", "2026-02-02", "won"))
    assert both == ["hub|1"]


def test_a_new_attempt_after_a_loss_is_in_the_pipeline() -> None:
    lost = Record("crm", "Pump station", 1000, "2026-01-05", "2026-01-10", "lost")
    assert len(counted(lost, Record("crm", "Pump station", 1000, "2026-01-12"))) == 2
    assert len(counted(lost, Record("crm", "Pump station", 1000, "2026-01-07"))) == 1


PRESS = Record("crm", "Oldgate - Press line 4", 100, "2026-01-05")


def test_a_deal_that_may_have_been_entered_twice_with_another_amount_is_counted_and_asked_about() -> None:
    twin = Record("crm", "OLDGATE PRESS LINE 4 project", 76, "2026-01-09")
    assert len(counted(PRESS, twin)) == 2
    assert asked(PRESS, twin) == [("crm|0", "crm|1")]
    assert asked(PRESS, twin._replace(amount=None)) == [("crm|0", "crm|1")]


@pytest.mark.parametrize(
    "other",
    [
        {"amount": 98},  # a rule takes the two for one: nothing is left to ask
        {"amount": 40},
        {"created": "2026-01-12"},
        {"system": "hub"},
        {"title": "Press line 5"},
        {"title": "Press line 4 Berlin"},
        {"closed": "2026-01-04", "stage": "lost", "created": "2026-01-01"},
        {"external_id": "X2"},
    ],
)
def test_nobody_is_asked_about_deals_that_differ(other: dict[str, str | float]) -> None:
    twin = Record("crm", "Press line 4", 76, "2026-01-09")._replace(**other)  # type: ignore[arg-type]
    assert asked(PRESS._replace(external_id="X1"), twin) == []


def test_the_question_is_about_the_deals_that_are_counted() -> None:
    """The first record is dropped for one of another system: the deal that stands for both is asked about."""
    settled = Record("hub", "Oldgate - Press line 4", 100, "2026-01-05", "2026-03-01", "won")
    deals = (PRESS, Record("crm", "Oldgate Press line 4", 76, "2026-01-09"), settled)
    assert counted(*deals) == ["crm|1", "hub|2"]
    assert asked(*deals) == [("crm|1", "hub|2")]


@pytest.mark.parametrize("second", ["hub", "app"])
def test_deals_that_a_rule_takes_for_a_pair_are_not_asked_about_a_second_time(second: str) -> None:
    """What stands for a twin is itself paired with the other one by a rule: one question, not two of one subject."""
    kept = Record("crm", "Acme press line", 10_000, "2024-01-01")
    deals = (kept, kept._replace(system=second), Record(second, "Acme press line", 9_600, "2024-01-03"))
    counted_pairs = [pair for pair in paired(*deals) if set(pair) <= set(counted(*deals))]
    assert len(counted_pairs) == 1
    assert asked(*deals) == []
