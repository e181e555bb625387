"""The true customers: one row each, with what is true about them and nothing that any system misspelt."""

import numpy as np
import polars as pl

from pipelines.demo import ids, words
from pipelines.demo.dirt import Customers

CHINESE_SHARE = 0.7
SUITABLE_SHARE = 0.44  # Chinese companies whose drawn parent is Chinese too and in another city
DOLLAR_SHARE_OF_CHINESE = 0.04
_BRANDS = np.array([entry[0] for entry in words.BRAND])
_PINYIN = np.array([entry[1] for entry in words.BRAND])
_TRADITIONAL = np.array([entry[2] for entry in words.BRAND])
_CITY = pl.DataFrame(
    [{"city_no": place, **city._asdict()} for place, city in enumerate(words.CITIES)],
    schema_overrides={"city_no": pl.Int64},
)


def true_customers(seed: int, count: int, rates: Customers) -> pl.DataFrame:
    """One row per true customer: `customer` 0..count-1, name in parts, tax id, phone, domain, place, size, parent."""
    rng = ids.rng_for(seed, "customers")
    chinese = rng.random(count) < CHINESE_SHARE
    city_no = np.where(
        chinese,
        rng.integers(0, len(words.CHINESE_CITIES), count),
        rng.integers(len(words.CHINESE_CITIES), len(words.CITIES), count),
    )
    frame = pl.DataFrame({"customer": np.arange(count), "is_chinese": chinese, "city_no": city_no})
    frame = frame.join(_CITY, on="city_no", how="left", maintain_order="left").rename({"native": "city"})
    frame = frame.with_columns(_business(rng, count))
    frame = _named(frame, rng, count)
    frame = _with_subsidiaries(frame, rng, rates)
    return frame.with_columns(
        pl.Series("tax_id", _tax_ids(frame, rng)),
        pl.Series("phone", rng.integers(20_000_000, 89_999_999, count).astype(str)),
        pl.Series("postal_code", rng.integers(0, 100, count)),
        _street(frame, rng),
        pl.Series("size", np.exp(rng.normal(0, 0.9, count))),
        pl.Series("is_buyer", ids.picked(rng, np.ones(count, dtype=bool), rates.buyers)),
        _currency(frame, rng),
    ).with_columns(
        (pl.col("size") * 120).round().cast(pl.Int64).alias("employees"),
        pl.concat_str("postal", pl.col("postal_code").cast(pl.String).str.zfill(2)).alias("postal_code"),
        pl.col("is_buyer").map_batches(lambda buys: _strategic(seed, buys, rates.strategic)).alias("is_strategic"),
    )


def _strategic(seed: int, buys: pl.Series, share: float) -> pl.Series:
    """Partners of choice are buyers; the draw is one of its own, so that it moves nothing else."""
    return pl.Series(ids.picked(ids.rng_for(seed, "strategic"), buys.to_numpy(), share))


def _business(rng: np.random.Generator, count: int) -> list[pl.Series]:
    number = rng.integers(0, len(words.BUSINESS), count)
    columns = list(zip(*words.BUSINESS, strict=True))
    names = ("business", "business_traditional", "business_english", "domain_word", "industry_no")
    return [pl.Series(name, np.array(column)[number]) for name, column in zip(names, columns, strict=True)]


def _named(frame: pl.DataFrame, rng: np.random.Generator, count: int) -> pl.DataFrame:
    """Brand, form and domain. A company whose whole name is taken gets a brand spelt from its own number instead."""
    places = np.column_stack([rng.integers(0, len(_BRANDS), (count, 2)), np.full(count, -1)])
    heads = np.column_stack([rng.integers(0, len(words.HEADS), count), rng.integers(0, len(words.TAILS), count)])
    links = np.zeros(count, dtype=np.int64)
    chinese = frame["is_chinese"].to_numpy()
    key = np.where(chinese, places[:, 0] * 100 + places[:, 1], -1 - heads[:, 0] * 100 - heads[:, 1])
    taken = (
        ~frame.select(pl.Series("key", key), "business", "city")
        .select(
            pl.struct("key", "business", pl.when(pl.Series(chinese)).then("city").otherwise(pl.lit("")).alias("city"))
        )
        .to_series()
        .is_first_distinct()
        .to_numpy()
    )
    number = np.cumsum(taken)
    base = len(_BRANDS)
    spelt = np.column_stack([number % base, number // base % base, number // base**2 % base])
    places[taken] = spelt[taken]
    size = len(words.HEADS)
    step = len(words.LINKS)
    heads[taken] = np.column_stack([number // step % size, number // (step * size) % size])[taken]
    links[taken] = number[taken] % step
    english = _english_brands(heads, links, np.where(taken, number // (step * size * len(words.TAILS)), 0))
    brand = np.where(chinese, _spell(_BRANDS, places), english)
    latin = np.where(chinese, _spell(_PINYIN, places), english)
    frame = frame.with_columns(
        pl.Series("brand", brand),
        pl.Series("brand_traditional", np.where(chinese, _spell(_TRADITIONAL, places), english)),
        pl.Series("brand_latin", latin),
        _form(frame, rng),
    )
    return frame.with_columns(full_name(), _domain(frame["is_chinese"]))


def full_name() -> pl.Expr:
    """The registered name: city, brand, business, form in China; brand, business, form elsewhere."""
    chinese = pl.concat_str("city", "brand", "business", "form")
    return (
        pl.when("is_chinese")
        .then(chinese)
        .otherwise(pl.concat_str("brand", pl.lit(" "), "business_english", pl.lit(" "), "form"))
        .alias("name")
    )


def _english_brands(heads: np.ndarray, links: np.ndarray, second: np.ndarray) -> np.ndarray:
    first = np.char.add(np.array(words.HEADS)[heads[:, 0]], np.array(words.LINKS)[links])
    seconds = np.array(["", *(word.lower() for word in words.HEADS)])
    return np.char.add(np.char.add(first, np.array(words.TAILS)[heads[:, 1]]), seconds[second % len(seconds)])


def _spell(syllables: np.ndarray, places: np.ndarray) -> np.ndarray:
    third = np.where(places[:, 2] >= 0, syllables[places[:, 2]], "")
    return np.char.add(np.char.add(syllables[places[:, 0]], syllables[places[:, 1]]), third)


def _form(frame: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    draw = rng.choice(3, len(frame), p=[0.7, 0.2, 0.1])
    forms = {**words.ENGLISH_FORMS, "CN": words.CHINESE_FORMS}
    country = np.where(frame["is_chinese"].to_numpy(), "CN", frame["code"].to_numpy().astype(str))
    table = np.array([[forms[code][place] for place in range(3)] for code in ("CN", "DE", "US", "AU")])
    row = np.select([country == "CN", country == "DE", country == "US"], [0, 1, 2], 3)
    return pl.Series("form", table[row, draw])


def _domain(is_chinese: pl.Series) -> pl.Expr:
    # one domain, one company: a shared domain would be evidence for an identity that is not there
    stem = pl.concat_str(pl.col("brand_latin").str.to_lowercase(), pl.lit("-"), "domain_word")
    number = pl.int_range(pl.len()).over(stem)
    count = pl.when(number == 0).then(pl.lit("")).otherwise((number + 1).cast(pl.String))
    ending = (
        pl.when(is_chinese)
        .then(pl.lit(".com.cn"))
        .when(pl.col("code") == "DE")
        .then(pl.lit(".de"))
        .otherwise(pl.lit(".com"))
    )
    return pl.concat_str(stem, count, ending).alias("domain")


def _with_subsidiaries(frame: pl.DataFrame, rng: np.random.Generator, rates: Customers) -> pl.DataFrame:
    """Some Chinese companies carry an earlier company's brand in another city: related, and not the same customer."""
    count = len(frame)
    parent = rng.integers(0, np.maximum(np.arange(count), 1))
    candidates = frame["is_chinese"].to_numpy() & (np.arange(count) > count // 20)
    chosen = candidates & (rng.random(count) < rates.subsidiaries / SUITABLE_SHARE)
    parents = frame[parent]
    fits = chosen & parents["is_chinese"].to_numpy() & (parents["city"] != frame["city"]).to_numpy()
    shares_domain = fits & (rng.random(count) < rates.subsidiaries_on_parent_domain)
    brand = ("brand", "brand_traditional", "brand_latin")
    frame = frame.with_columns(
        *[pl.when(pl.Series(fits)).then(parents[name]).otherwise(pl.col(name)).alias(name) for name in brand],
        pl.when(pl.Series(shares_domain)).then(parents["domain"]).otherwise(pl.col("domain")).alias("domain"),
        pl.when(pl.Series(fits)).then(pl.Series(parent)).alias("parent"),
    )
    return frame.with_columns(full_name())


def _tax_ids(frame: pl.DataFrame, rng: np.random.Generator) -> np.ndarray:
    country = frame["code"].to_numpy().astype(str)
    districts = np.where(frame["is_chinese"].to_numpy(), country, "310115")
    result = ids.unified_social_credit_codes(rng, districts).astype("U18")
    for code, draw in (
        ("DE", ids.german_vat_ids),
        ("US", ids.employer_numbers),
        ("AU", ids.australian_business_numbers),
    ):
        here = country == code
        result[here] = draw(rng, int(here.sum()))
    return result


def _street(frame: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    count = len(frame)
    number = rng.integers(1, 999, count).astype(str)
    native = np.char.add(np.char.add(rng.choice(np.array(words.STREETS), count), number), "号")
    overseas = np.char.add(np.char.add(number, " "), rng.choice(np.array(words.OVERSEAS_STREETS), count))
    return pl.Series("street", np.where(frame["is_chinese"].to_numpy(), native, overseas))


def _currency(frame: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    dollars = rng.random(len(frame)) < DOLLAR_SHARE_OF_CHINESE
    native = np.where(dollars, "USD", "CNY")
    overseas = np.where(frame["region"].to_numpy().astype(str) == "Europe", "EUR", "USD")
    return pl.Series("currency", np.where(frame["is_chinese"].to_numpy(), native, overseas))
