"""A made list of private customers with known truth: households, namesakes, twins, colleagues, shared mailboxes.

Rates and their sources are in docs/identity.md ("Made populations"). Deterministic by its seed.
"""

import datetime as dt
import random
from collections.abc import Iterator

import polars as pl

from pipelines.keys.lexicon import GIVEN_NAMES, NICKNAMES

SEED = 12
SURNAMES = 9_000  # their ranks follow Zipf's law, so that one record in four has a namesake
SECOND = 0.12  # chance of one more record of the same person, up to four
FAMILY = 0.55  # of the households: more than one member
TWINS = 0.033  # of the children's households
JUNIOR = 0.03  # of the households with children: a son of the father's name; four of five are called Jr
SHARED_MAIL = 0.08  # of the families: one mailbox for all
COLLEAGUE = 0.3  # of the persons: mail at the employer's domain, whose telephone one in five of them gives
PRESENT = {"birth_date": 0.7, "phone": 0.75, "email": 0.7, "address": 0.85, "postal_code": 0.8}
MOVED, NEW_PHONE, NEW_MAIL = 0.09, 0.12, 0.15  # of the further records
SLIP, NICKNAME, WRONG_DATE, MARRIED, SWAPPED = 0.04, 0.06, 0.03, 0.015, 0.01
CITIES = ("Boston", "Chicago", "Austin", "Denver", "Seattle", "Leeds", "Bristol", "Hamburg", "Graz", "Lyon")
STREETS = ("Oak", "King", "Mill", "Station", "Church", "Park", "River", "School", "Market", "Harbour", "Lake", "High")
FREE_MAIL = ("gmail.com", "yahoo.com", "outlook.com", "gmx.de", "icloud.com")
_GIVEN = sorted(GIVEN_NAMES)
_SHORT = {full: [nick for nick in NICKNAMES if NICKNAMES[nick] == full] for full in set(NICKNAMES.values())}
_HEADS = ("Ab", "Bar", "Cal", "Dem", "Ell", "Far", "Gar", "Har", "Ives", "Jar", "Kel", "Law", "Mar", "Nor", "Os")
_MIDDLES = ("ber", "der", "ing", "low", "man", "nor", "ral", "sen", "tin", "wil", "", "ac", "ett", "on", "ur")
_TAILS = ("son", "ton", "by", "ley", "man", "ford", "well", "er", "s", "wood", "field", "ham", "worth", "ick", "ard",
          "gate", "low", "stead", "more", "holm", "croft", "den", "ville", "cote", "thorpe", "brook", "hurst", "bury",
          "land", "nell", "vik", "ski", "ez", "ini", "berg", "stein", "haus", "mann", "quist", "sson")  # fmt: skip

Person = dict[str, str | dt.date | None]


def made_people(records: int) -> pl.DataFrame:
    """About that many records of persons in canonical columns, with `truth`, in random order."""
    rng = random.Random(SEED)
    names = [head + middle + tail for head in _HEADS for middle in _MIDDLES for tail in _TAILS]
    rng.shuffle(names)
    surnames = names[:SURNAMES]
    weights = [1 / (rank + 8) for rank in range(len(surnames))]
    rows: list[Person] = []
    people = 0
    while len(rows) < records:
        for person in _household(rng, rng.choices(surnames, weights)[0], surnames):
            people += 1
            rows += [{**record, "truth": str(people)} for record in _records(rng, person, surnames)]
    rng.shuffle(rows)
    frame = pl.DataFrame(rows[:records], infer_schema_length=None)
    return frame.with_columns(source_system=pl.lit("file"), source_id=pl.int_range(pl.len()).cast(pl.String))


def _household(rng: random.Random, surname: str, surnames: list[str]) -> Iterator[Person]:
    home = _home(rng) | {"surname": surname, "phone": _phone(rng)}
    size = 1 if rng.random() >= FAMILY else rng.choice((2, 2, 3, 4))
    given: list[str] = []
    while len(given) < size:
        given += [name] if (name := _given(rng)) not in given else []
    born = [_day(rng, 1945, 1985), _day(rng, 1945, 1985), *(_day(rng, 1985, 2006) for _ in range(2))][:size]
    if size == 4 and rng.random() < TWINS:
        born[3] = born[2]
    suffix = [""] * size
    if size > 2 and rng.random() < JUNIOR:
        given[2], suffix[2] = given[0], rng.choice((*4 * (" Jr",), ""))
    shared = f"{surname.lower()}{rng.choice(('s', 'family', ''))}{rng.randrange(99)}@{rng.choice(FREE_MAIL)}"
    has_shared = size > 1 and rng.random() < SHARED_MAIL
    landline = rng.random() < 0.5
    for at in range(size):
        person = home | {"given": given[at], "suffix": suffix[at], "birth_date": born[at]}
        if not landline:
            person["phone"] = _phone(rng)
        employer = f"{rng.choice(surnames).lower()}{rng.choice(('group', 'works', ''))}.com"
        works = rng.random() < COLLEAGUE
        person["email"] = shared if has_shared else _mail(rng, person, employer if works else rng.choice(FREE_MAIL))
        if works and rng.random() < 0.2:
            person["phone"] = "212" + f"{random.Random(employer).randrange(10**7):07}"
        yield person


def _given(rng: random.Random) -> str:
    return _GIVEN[int(len(_GIVEN) * rng.random() ** 2)]


def _home(rng: random.Random) -> Person:
    city = rng.choice(CITIES)
    area = rng.randrange(300)
    return {
        "address": f"{rng.randrange(1, 400)} {rng.choice(STREETS)}{rng.choice(('wood', 'field', '', 'gate'))} Street",
        "city": city,
        "postal_code": f"{CITIES.index(city) * 9 + 10}{area:03}",
    }


def _phone(rng: random.Random) -> str:
    return f"{rng.choice(('617', '312', '512', '303', '206'))}{rng.randrange(2_000_000, 9_999_999)}"


def _day(rng: random.Random, first: int, last: int) -> dt.date:
    return dt.date(first, 1, 1) + dt.timedelta(days=rng.randrange(365 * (last - first)))


def _mail(rng: random.Random, person: Person, host: str) -> str:
    """An address made of the name, with digits where the plain one is likely taken."""
    given, surname = str(person["given"]).lower(), str(person["surname"]).lower()
    local = rng.choice((f"{given}.{surname}", f"{given[0]}{surname}", f"{given}{surname}", f"{given}_{surname[0]}"))
    return f"{local}{rng.choice(('', str(rng.randrange(100)))) if host in FREE_MAIL else ''}@{host}"


def _records(rng: random.Random, person: Person, surnames: list[str]) -> Iterator[Person]:
    yield _record(rng, person)
    now, count = dict(person), 1
    while count < 4 and rng.random() < SECOND * 2.2:
        count += 1
        if rng.random() < MOVED:
            now |= _home(rng)
        if rng.random() < NEW_PHONE:
            now["phone"] = _phone(rng)
        if rng.random() < NEW_MAIL:
            now["email"] = _mail(rng, now, rng.choice(FREE_MAIL))
        if rng.random() < MARRIED:
            now["surname"] = rng.choice(surnames)
        yield _record(rng, now)


def _record(rng: random.Random, person: Person) -> Person:
    given, surname = str(person["given"]), f"{person['surname']}{person['suffix']}"
    if rng.random() < NICKNAME:
        given = rng.choice(_SHORT.get(NICKNAMES.get(given, given), [given]))
    name = f"{surname} {given.title()}" if rng.random() < SWAPPED else f"{given.title()} {surname}"
    if rng.random() < SLIP:
        at = rng.randrange(1, len(name) - 1)
        name = name[:at] + rng.choice((name[at + 1 :], name[at + 1] + name[at] + name[at + 2 :]))
    born = person["birth_date"]
    if isinstance(born, dt.date) and rng.random() < WRONG_DATE:
        born = rng.choice((born.replace(day=1 + born.day % 28), born.replace(month=1 + born.month % 12, day=1)))
    kept = {field: rng.random() < share for field, share in PRESENT.items()}
    values = person | {"birth_date": born}
    return {"account_name": name, "city": person["city"], **{f: values[f] if kept[f] else None for f in PRESENT}}
