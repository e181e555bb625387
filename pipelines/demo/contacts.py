"""The contact persons of customers, as each CRM keeps them: some stand in two systems, some for two customers."""

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.company import rates
from pipelines.demo.dirt import Contacts
from pipelines.demo.world import World

MOST = 3  # persons of one customer
COUNT_SHARES = (0.45, 0.35, 0.20)
CUSTOMERS_OF_AN_OUTSIDER = 5
OLDEST, YOUNGEST = -3_287, 10_957  # days since the epoch: 1961-01-01 and 2000-01-01
FREE_MAIL = {True: "163.com", False: "gmail.com"}
SURNAMES = (
    "王/wang", "李/li", "张/zhang", "刘/liu", "陈/chen", "杨/yang",
    "黄/huang", "赵/zhao", "吴/wu", "周/zhou", "徐/xu", "孙/sun",
    "马/ma", "朱/zhu", "胡/hu", "郭/guo", "何/he", "林/lin",
    "高/gao", "罗/luo",
)  # fmt: skip
GIVEN = (
    "伟/wei", "芳/fang", "娜/na", "敏/min", "静/jing", "丽/li",
    "强/qiang", "磊/lei", "军/jun", "洋/yang", "勇/yong", "艳/yan",
    "杰/jie", "涛/tao", "明/ming", "超/chao", "秀英/xiuying", "志强/zhiqiang",
    "建华/jianhua", "晓东/xiaodong", "海燕/haiyan", "文博/wenbo", "雨桐/yutong", "子轩/zixuan",
)  # fmt: skip
FIRST = (
    "Anna", "Ben", "Clara", "David", "Emma", "Felix",
    "Grace", "Henry", "Ida", "Jonas", "Karen", "Leon",
    "Mia", "Noah", "Olivia", "Paul", "Rose", "Simon",
    "Tessa", "Victor",
)  # fmt: skip
LAST = (
    "Abbott", "Brandt", "Carver", "Dietz", "Ellis", "Fischer",
    "Garner", "Hoffmann", "Ingram", "Jansen", "Keller", "Lambert",
    "Moss", "Neumann", "Osborne", "Perkins", "Quinn", "Ritter",
    "Sawyer", "Thorne",
)  # fmt: skip
TITLES = {
    True: ("采购经理", "设备部长", "总经理", "生产总监", "信息主管", "工程师"),
    False: ("Purchasing Manager", "Head of Maintenance", "Managing Director", "Operations Director", "IT Manager",
            "Engineer"),
}  # fmt: skip
DECIDERS = ("总经理", "生产总监", "Managing Director", "Operations Director")


def contacts(world: World, system: str) -> pl.DataFrame:
    """One row per contact a system keeps: number, account_id, account_name, first, last, title, email, phone, created,
    is_decision_maker, is_chinese, born (day since the epoch, mostly negative; null where nobody entered it)."""
    rates = world.dirt.contacts
    kept = _kept(world, rates).filter((pl.col("system") == system) & (pl.col("created") <= world.last))
    rows = kept.join(_people(world, kept, rates.free_mail), on="person", how="left", maintain_order="left")
    rng = ids.rng_for(world.seed, f"contacts {system}")
    count = len(rows)
    no_mail, no_phone = (rng.random(count) < rates.without_value for _ in range(2))
    spelt = pl.when(pl.Series(rng.random(count) < 0.1)).then(pl.col("email").str.to_uppercase()).otherwise("email")
    return rows.with_columns(
        email=pl.when(~pl.Series(no_mail)).then(spelt),
        # nobody is kept without any way to reach them
        phone=pl.when(~pl.Series(no_phone & ~no_mail)).then(_spelt_phone(rng, count)),
        number=pl.int_range(1, count + 1),
        is_decision_maker=pl.col("title").is_in(DECIDERS),
    )


def full_name() -> pl.Expr:
    """A contact's name as one text: Chinese ones begin with the family's."""
    western = pl.concat_str("first", "last", separator=" ")
    return pl.when("is_chinese").then(pl.concat_str("last", "first")).otherwise(western)


def _spelt_phone(rng: np.random.Generator, count: int) -> pl.Expr:
    style = pl.Series(rng.integers(0, 3, count))
    parts = [pl.col("mobile").str.slice(*part) for part in ((0, 3), (3, 4), (7, 4))]
    country = pl.when("is_chinese").then(pl.lit("+86 ")).otherwise(pl.lit(""))
    spaced = pl.concat_str(country, pl.concat_str(parts, separator=" "))
    return (
        pl.when(style == 0).then("mobile").when(style == 1).then(spaced).otherwise(pl.concat_str(parts, separator="-"))
    )


def _kept(world: World, rates: Contacts) -> pl.DataFrame:
    """Which record keeps which person: the first of a customer all of its own, a further one some of them again.

    In place of the first of them some have the person of their parent, or a buyer from outside who works for several.
    """
    rng = ids.rng_for(world.seed, "kept contacts")
    records = world.records.with_columns(pl.Series("count", rng.choice(MOST, len(world.records), p=COUNT_SHARES) + 1))
    rows = records.join(pl.DataFrame({"place": np.arange(MOST)}), how="cross").filter(pl.col("place") < pl.col("count"))
    rows = rows.sort("record", "place").join(
        _represented(rng, world, rates), on="customer", how="left", maintain_order="left"
    )
    size = len(world.customers) * MOST
    known = pl.col("is_first") | pl.Series(rng.random(len(rows)) < rates.known_again)
    by_parent = (pl.col("place") == 0) & pl.col("represented_by").is_not_null()
    by_outsider = (pl.col("place") == 0) & pl.col("outsider").is_not_null()
    own = (
        pl.when(known)
        .then(pl.col("customer") * MOST + pl.col("place"))
        .otherwise(-1 - pl.col("record") * MOST - pl.col("place"))
    )
    person = pl.when(by_parent).then(pl.col("represented_by") * MOST)
    employer = pl.when(by_parent).then("represented_by").when(~by_outsider).then("customer")
    return rows.with_columns(
        person=person.when(by_outsider).then(size + pl.col("outsider")).otherwise(own), employer=employer
    ).select("system", "person", "employer", "account_name", "created", account_id="source_id")


def _represented(rng: np.random.Generator, world: World, rates: Contacts) -> pl.DataFrame:
    count = len(world.customers)
    shares = pl.Series(rng.random(count) < rates.of_the_parent)
    outside = pl.Series(rng.random(count) < rates.from_outside)
    outsiders = max(round(count * rates.from_outside / CUSTOMERS_OF_AN_OUTSIDER), 1)
    return world.customers.select(
        "customer",
        represented_by=pl.when(shares).then("parent"),
        outsider=pl.when(outside).then(pl.Series(rng.integers(0, outsiders, count))),
    )


def _people(world: World, kept: pl.DataFrame, free_mail: float) -> pl.DataFrame:
    """One row per person: names, title, mobile, e-mail; the same in every system, whoever else is kept there."""
    employers = world.customers.select("is_chinese", "domain", employer=pl.col("customer"))
    people = kept.select("person", "employer").unique("person").sort("person")
    people = people.join(employers, on="employer", how="left", maintain_order="left")
    chinese = people["is_chinese"].fill_null(True)
    draws = [
        _drawn(people["person"], world.seed + place, most) for place, most in enumerate((997, 991, 983, 977, 10**9))
    ]
    free = pl.Series(draws[0] < 997 * free_mail)
    mobile = np.char.add("13", np.char.zfill(draws[4].astype(str), 9))
    rows = [_named(cn, *numbers) for cn, *numbers in zip(chinese, *(d.tolist() for d in draws[1:4]), strict=True)]
    named = pl.DataFrame(rows, schema=["first", "last", "mailbox", "title"], orient="row")
    # a buyer from outside has no employer among the customers, and writes from an agency
    host = pl.coalesce("domain", pl.format("daigou{}.cn", pl.col("person") % 1000))
    at = pl.when(free).then(chinese.replace_strict(FREE_MAIL)).otherwise(host)
    return pl.concat([people, named], how="horizontal").select(
        "person", "first", "last", "title", _born(people["person"], world.seed),
        is_chinese=chinese, mobile=pl.Series(mobile), email=pl.concat_str("mailbox", pl.lit("@"), at),
    )  # fmt: skip


def _born(person: pl.Series, seed: int) -> pl.Expr:
    """Birthdays from 1961 to 1999, the same in every system that knows them."""
    known = _drawn(person, seed + 5, 1000) < 1000 * rates("birthdays")["known"]
    day = _drawn(person, seed + 6, YOUNGEST - OLDEST) + OLDEST
    return pl.when(pl.Series(known)).then(pl.Series(day)).alias("born")


def _drawn(person: pl.Series, salt: int, most: int) -> np.ndarray:
    """A number below most for each person, that depends on the person alone (the mixing step of SplitMix64)."""
    mixed = (person.to_numpy().astype(np.uint64) + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return ((mixed ^ (mixed >> np.uint64(31))) % np.uint64(most)).astype(np.int64)


def _named(is_chinese: bool, first: int, last: int, title: int) -> tuple[str, str, str, str]:
    """First name, last name, mailbox and title of a person by numbers."""
    titles = TITLES[is_chinese]
    if is_chinese:
        given, pinyin = GIVEN[first % len(GIVEN)].split("/")
        surname, latin = SURNAMES[last % len(SURNAMES)].split("/")
        return given, surname, f"{latin}{pinyin}{first % 97}", titles[title % len(titles)]
    given, surname = FIRST[first % len(FIRST)], LAST[last % len(LAST)]
    return given, surname, f"{given[0]}.{surname}".lower(), titles[title % len(titles)]
