"""A made list of Chinese and English companies with known truth: several records each, by people who type differently.

Rates are those of docs/identity.md ("Made populations"). Deterministic by its seed.
"""

import random
from collections.abc import Callable, Iterator

import polars as pl

from pipelines.demo import words
from pipelines.keys.tax import USCC_ALPHABET, is_valid_uscc

SEED = 11
CHINESE = 0.7  # of the companies
ENGLISH_RECORDS = 0.2  # of the records of a Chinese company: kept by an office abroad
MORE = 0.55  # chance of one more record, up to six
PRESENT = {"phone": 0.6, "email": 0.45, "website": 0.4, "address": 0.65, "city": 0.85, "tax_id": 0.2, "contact": 0.35}
OTHER_LINE = 0.25  # of the telephone numbers: another line of the switchboard, or a mobile number
MOVED = 0.08  # of the addresses
SLIP = 0.06  # of the names: one letter or character is wrong
SISTERS = 0.06  # of the companies: brand and trade of an earlier one, in another city
AGENTS = 0.03  # of the companies: address and telephone of a registered agent, who has forty clients

Company = dict[str, str]
Record = dict[str, str | None]
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = ("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "霞")


def made_companies(records: int) -> pl.DataFrame:
    """About that many account records in canonical columns, with `truth`, in random order."""
    rng = random.Random(SEED)
    rows: list[Record] = []
    companies: list[Company] = []
    while len(rows) < records:
        company = _company(rng, companies)
        companies.append(company)
        rows += [{**record, "truth": str(len(companies))} for record in _records(rng, company)]
    rng.shuffle(rows)
    frame = pl.DataFrame(rows[:records], infer_schema_length=None)
    return frame.with_columns(source_system=pl.lit("file"), source_id=pl.int_range(pl.len()).cast(pl.String))


def _company(rng: random.Random, earlier: list[Company]) -> Company:
    chinese = rng.random() < CHINESE
    city = rng.choice(words.CHINESE_CITIES if chinese else words.OVERSEAS_CITIES)
    business = rng.choice(words.BUSINESS)
    company = {"is_chinese": "x" if chinese else "", "city": city.native, "city_english": city.english}
    company |= {"area": city.area, "business": business[0], "business_english": business[2]}
    if chinese:
        syllables = rng.choices(words.BRAND, k=rng.choice((2, 2, 3)))
        company |= {"brand": "".join(s[0] for s in syllables), "traditional": "".join(s[2] for s in syllables)}
        company |= {"pinyin": " ".join(s[1] for s in syllables), "form": rng.choice(words.CHINESE_FORMS)}
    else:
        brand = rng.choice(words.HEADS) + rng.choice(words.LINKS) + rng.choice(words.TAILS)
        company |= {"brand": brand, "pinyin": brand.lower(), "form": rng.choice(words.ENGLISH_FORMS[city.code])}
    sister = rng.choice(earlier) if earlier and rng.random() < SISTERS else {}
    if sister.get("is_chinese") == company["is_chinese"] and sister["city"] != company["city"]:
        company |= {key: sister[key] for key in ("brand", "traditional", "pinyin", "business") if key in sister}
    domain = company["pinyin"].replace(" ", "") + rng.choice(
        ("", "-" + business[3], business[3], str(rng.randrange(99)))
    )
    company["domain"] = domain + (rng.choice((".com.cn", ".cn", ".com")) if chinese else ".com")
    company |= _seat(rng, company, city.code)
    return company


def _seat(rng: random.Random, company: Company, code: str) -> Company:
    number, agent = rng.randrange(1, 900), rng.randrange(1, 400) if rng.random() < AGENTS else 0
    draw = random.Random(f"{company['city']}{agent}") if agent else rng
    place, phone = draw.randrange(10), draw.randrange(20_000_000, 89_999_999)
    return {
        "street": words.STREETS[place] if company["is_chinese"] else words.OVERSEAS_STREETS[place % 8],
        "street_english": ("Zhongshan", "Renmin", "Kejiyuan", "Jianshe", "Gaoxin 3rd", "Jiefang", "Changjiang",
                           "Chuangxin", "Gongyeyuan", "Binhai")[place] + (" Avenue" if place in (3, 7, 9) else " Road"),
        "number": str(agent or number),
        "phone": str(phone),
        "tax_id": _uscc(rng, code) if company["is_chinese"] else "",
        "contact": rng.choice(SURNAMES) + rng.choice(GIVEN) + rng.choice(("", *GIVEN)),
        "mobile": f"1{rng.choice('3578')}{rng.randrange(10**8, 10**9)}",
    }  # fmt: skip


def _uscc(rng: random.Random, district: str) -> str:
    body = "91" + district + "MA" + "".join(rng.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=7))
    return next((body + check for check in USCC_ALPHABET if is_valid_uscc(body + check)), "")


def _records(rng: random.Random, company: Company) -> Iterator[Record]:
    yield _record(rng, company)
    count = 1
    while count < 6 and rng.random() < MORE:
        count += 1
        yield _record(rng, company)


def _record(rng: random.Random, company: Company) -> Record:
    chinese = bool(company["is_chinese"]) and rng.random() >= ENGLISH_RECORDS
    has = {field: rng.random() < share for field, share in PRESENT.items()}
    spell = rng.choice(_CHINESE if chinese else _TRANSLATED if company["is_chinese"] else _ENGLISH)
    name = spell(company)
    person = company["contact"] if chinese else company["pinyin"].title()
    return {
        "account_name": _slipped(rng, name) if rng.random() < SLIP else name,
        "phone": _phone(rng, company, chinese) if has["phone"] else None,
        "email": rng.choice(("info", "sales", "office", "contact")) + "@" + company["domain"] if has["email"] else None,
        "website": rng.choice(("www.", "http://www.", "")) + company["domain"] if has["website"] else None,
        "address": _address(rng, company, chinese) if has["address"] else None,
        "city": company["city" if chinese or not company["is_chinese"] else "city_english"] if has["city"] else None,
        "tax_id": company["tax_id"] or None if has["tax_id"] and chinese else None,
        "contact_name": person if has["contact"] else None,
        "contact_phone": company["mobile"] if has["contact"] and company["is_chinese"] else None,
    }


def _phone(rng: random.Random, company: Company, chinese: bool) -> str:
    number = company["phone"]
    if rng.random() < OTHER_LINE:
        number = number[:5] + str(rng.randrange(100, 999))
    if not company["is_chinese"]:
        return rng.choice((f"{company['area']}-{number}", f"({company['area']}) {number}"))
    return f"0{company['area']}-{number}" if chinese else f"+86 {company['area']} {number[:4]} {number[4:]}"


def _address(rng: random.Random, company: Company, chinese: bool) -> str:
    number = str(rng.randrange(1, 900)) if rng.random() < MOVED else company["number"]
    if chinese:
        return rng.choice(("", company["city"] + "市")) + f"{company['street']}{number}号"
    if company["is_chinese"]:
        return rng.choice((f"No. {number} {company['street_english']}", f"{number} {company['street_english']}"))
    return f"{number} {company['street']}"


def _slipped(rng: random.Random, name: str) -> str:
    """One letter is dropped, or two change places: what four in five slips are (Damerau, CACM 7, 1964)."""
    at = rng.randrange(len(name) - 1)
    return name[:at] + rng.choice((name[at + 1 :], name[at + 1] + name[at] + name[at + 2 :]))


def _joined(company: Company) -> str:
    return company["pinyin"].replace(" ", "").title()


_CHINESE: tuple[Callable[[Company], str], ...] = (
    *(3 * [lambda c: c["city"] + c["brand"] + c["business"] + c["form"]]),
    lambda c: c["city"] + "市" + c["brand"] + c["business"] + c["form"],
    lambda c: c["brand"] + c["business"] + "（" + c["city"] + "）" + c["form"],
    lambda c: c["city"] + c["brand"] + c["business"],
    lambda c: c["brand"] + c["business"] + c["form"],
    lambda c: c["brand"] + c["business"],
    lambda c: c["brand"],
    lambda c: c["city"] + c["brand"],
    lambda c: c["city"] + c["traditional"] + c["business"] + c["form"],
)
_TRANSLATED: tuple[Callable[[Company], str], ...] = (
    *(2 * [lambda c: f"{c['city_english']} {_joined(c)} {c['business_english']} Co., Ltd."]),
    lambda c: f"{_joined(c)} {c['business_english']} ({c['city_english']}) Co., Ltd",
    lambda c: f"{c['pinyin'].title()} {c['business_english']} Co Ltd",
    lambda c: f"{c['city_english'].upper()} {_joined(c).upper()} {c['business_english'].upper()} CO LTD",
    lambda c: f"{_joined(c)} {c['business_english']}",
    _joined,
)
_ENGLISH: tuple[Callable[[Company], str], ...] = (
    *(3 * [lambda c: f"{c['brand']} {c['business_english']} {c['form']}"]),
    lambda c: f"{c['brand']} {c['business_english']}",
    lambda c: f"{c['brand']} {c['form']}",
    lambda c: c["brand"],
    lambda c: f"The {c['brand']} {c['business_english']} Company",
    lambda c: f"{c['brand'].upper()} {c['business_english'].upper()} {c['form'].upper()}",
)
