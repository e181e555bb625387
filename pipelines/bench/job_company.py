"""A made company in the shapes of two real systems: Salesforce lists in full every month, 金蝶 bills of each month.

Drawn as whole columns, the same for the same size. One currency, one CRM without a history of its own, half of the
customers in the ERP too, under the same name and mostly the same tax id. A file that stands is not written again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.demo.ids import rng_for, salesforce_ids, unified_social_credit_codes

AS_OF, EXPORTS, SEED = date(2026, 10, 31), 24, 16
YEARS = 4  # over which deals were created: half of them before the first export
STAGES = ("Prospecting", "Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review")
CHANCES = (10.0, 20.0, 40.0, 60.0, 80.0)
OUTCOMES = ("Closed Won", "Closed Lost")
REGIONS = ("East China", "South China", "North China", "Europe", "Americas")
LINES = ("Sensors", "Controls", "Drives", "Service")
CHANNELS = ("Outbound", "Website", "Referral", "Trade Show")
INDUSTRIES = ("Food", "Machinery", "Chemicals", "Automotive", "Energy", "Electronics")
BEGINNINGS = (
    "stone", "mere", "hal", "bren", "cor", "vel", "tor", "lin", "mar", "del", "fen", "gar",
    "hol", "ker", "lan", "mor", "nor", "pen", "ral", "sel", "tam", "ul", "ver", "wes",
)  # fmt: skip
TRADES = ("Foods", "Castings", "Valves", "Motors", "Optics", "Bearings", "Pumps", "Panels", "Glass", "Paper", "Tools")
WORDS = np.array([first + second + third for first in BEGINNINGS for second in BEGINNINGS for third in BEGINNINGS])


@dataclass(frozen=True)
class Company:
    """How many customers, deals and invoice lines. Every frame is drawn when it is first asked for.

    crm, erp: folders of its exports. first_rep: reps are named by number from it.
    """

    customers: int
    deals: int
    invoice_lines: int
    reps: int = 60
    crm: str = "salesforce"
    erp: str = "kingdee"
    first_rep: int = 0

    def write(self, inbox: Path, exports: int = EXPORTS) -> None:
        """The files of the first so many exports."""
        for number, day in enumerate(_month_ends(exports)):
            stamp = f"{day:%Y%m%d}"
            self.write_list(inbox, day)
            _keep(inbox / self.erp / f"销售发票_{stamp}.csv", partial(self.billed, number, day))
        self._write_masters(inbox)

    def write_list(self, inbox: Path, day: date) -> None:
        """One more list of all deals, of any day."""
        _keep(inbox / self.crm / f"Opportunity_{day:%Y%m%d}.csv", partial(self.listed, day))

    def _write_masters(self, inbox: Path) -> None:
        last = f"{_month_ends(EXPORTS)[-1]:%Y%m%d}"
        for name, make in (("Account", self._accounts), ("User", self._users)):
            _keep(inbox / self.crm / f"{name}_{last}.csv", make)
        _keep(inbox / self.erp / f"客户_{last}.csv", self._erp_accounts)

    @cached_property
    def names(self) -> pl.DataFrame:
        """One row per customer: its name, tax id, region and industry."""
        return names_of(self.customers, words=1)

    @cached_property
    def in_crm(self) -> np.ndarray:
        """Which of the names the CRM has."""
        return np.arange(self.customers)

    @cached_property
    def in_erp(self) -> np.ndarray:
        """Which of the names the ERP has, its customer's code being twice the place here."""
        return np.arange(0, self.customers, 2)

    @cached_property
    def life(self) -> dict[str, np.ndarray]:
        """Arrays over deals: customer, rep, days on which the deal reached each stage, outcome, amount."""
        rng, count = self._rng("deals"), self.deals
        created = np.sort(_days(rng, count, YEARS))
        waits = rng.exponential(18, (count, len(STAGES))).astype(int) + 1
        last = np.where(rng.random(count) < 0.7, rng.integers(1, len(STAGES) + 1, count), len(STAGES))
        return {
            "customer": rng.integers(0, self.customers, count),
            "rep": rng.integers(0, self.reps, count),
            "reached": created[:, None] + np.column_stack([np.zeros(count, int), np.cumsum(waits, axis=1)]),
            "closes_after": last,
            "is_won": (last == len(STAGES)) & (rng.random(count) < 0.8),
            "amount": np.round(rng.lognormal(10, 0.9, count), -2) + 100,
            "line": rng.integers(0, len(LINES), count),
            "guess": rng.integers(40, 160, count),
            "channel": rng.integers(0, len(CHANNELS), count),
        }

    def listed(self, day: date) -> pl.DataFrame:
        """Every deal that existed on a day, as it was then."""
        today, life = day.toordinal(), self.life
        rows = np.flatnonzero(life["reached"][:, 0] <= today)
        reached, ends = life["reached"][rows], life["closes_after"][rows]
        closed = reached[np.arange(len(rows)), ends]
        step = np.minimum((reached[:, :-1] <= today).sum(axis=1), ends) - 1
        is_closed, is_won = closed <= today, life["is_won"][rows]
        touched = np.where(is_closed, closed, reached[np.arange(len(rows)), step])
        guess = np.maximum(reached[:, 0] + life["guess"][rows], today + 1)
        amount = np.where(step >= len(STAGES) - 2, 1.0, 0.9) * life["amount"][rows]  # dearer from the proposal on
        line, region = life["line"][rows], self.names["region"].gather(self.in_crm[life["customer"][rows]])
        return pl.DataFrame({
            "Id": self._deal_ids.gather(rows), "IsDeleted": "false",
            "AccountId": self._account_ids.gather(life["customer"][rows]),
            "Name": np.char.add("Deal ", rows.astype(str)),
            "StageName": np.where(is_closed, np.where(is_won, *OUTCOMES), np.array(STAGES)[step]),
            "Amount": np.round(amount, 1),
            "Probability": np.where(is_closed, np.where(is_won, 100.0, 0.0), np.array(CHANCES)[step]),
            "CurrencyIsoCode": "CNY", "CloseDate": _dates(np.where(is_closed, closed, guess)),
            "Type": "New Business", "LeadSource": np.array(CHANNELS)[life["channel"][rows]],
            "IsClosed": np.where(is_closed, "true", "false"), "IsWon": np.where(is_closed & is_won, "true", "false"),
            "ForecastCategoryName": np.where(is_closed, "Closed", "Pipeline"),
            "OwnerId": self._rep_ids.gather(life["rep"][rows]), "Sales_Region__c": region,
            "Product_Line__c": np.array(LINES)[line],
            "Product_Code__c": np.char.add("P10", np.char.add(line.astype(str), (rows % 10).astype(str))),
            "CreatedDate": _instants(reached[:, 0], "09:15"), "LastModifiedDate": _instants(touched, "10:00"),
        })  # fmt: skip

    def billed(self, number: int, day: date) -> pl.DataFrame:
        """The invoice lines of the month that ends on a day, three to an invoice, the head on the first of them."""
        rng = self._rng(f"invoices {number}")
        count = self.invoice_lines // EXPORTS
        bill = np.sort(np.arange(count) // 3)
        total = int(bill[-1]) + 1
        customer_place = (rng.beta(0.7, 2.5, total) * (self.customers // 2)).astype(int)[bill]
        buyer = customer_place * 2
        first = np.r_[True, bill[1:] != bill[:-1]]
        dated = np.sort(rng.integers(date(day.year, day.month, 1).toordinal(), day.toordinal() + 1, total))[bill]
        pieces, price = rng.integers(1, 30, count), rng.integers(20, 2000, count)
        net, product = (pieces * price).astype(float), rng.integers(0, 40, count)
        head = {
            "单据编号": _numbered(f"XSFP{number:02d}", bill),
            "日期": _dates(dated).dt.strftime("%Y/%m/%d"),
            "客户编码": _numbered("C", buyer),
            "客户": self.names["name"].gather(self.in_erp[customer_place]),
            "销售员": np.char.add("Rep ", (self.first_rep + buyer % self.reps).astype(str)),
            "币别": np.full(count, "人民币"),
            "汇率": np.full(count, "1"),
            "单据状态": np.full(count, "已审核"),
        }
        rows = pl.DataFrame(head).with_columns(pl.when(pl.Series(first)).then(pl.all()))
        start = np.maximum.accumulate(np.where(first, np.arange(count), 0))
        gross = np.round(net * 1.13, 2)
        amounts = {"金额(原币)": net, "价税合计(原币)": gross, "金额(本币)": net, "价税合计(本币)": gross}
        return rows.with_columns(
            pl.Series("行号", np.arange(count) - start + 1),
            pl.Series("物料编码", _numbered("P10", product, digits=2)),
            pl.Series("物料名称", np.char.add("Product ", product.astype(str))),
            pl.Series("数量", pieces),
            pl.Series("单价", price),
            pl.lit(13).alias("税率%"),
            *(pl.Series(name, values) for name, values in amounts.items()),
        )

    def _rng(self, what: str) -> np.random.Generator:
        return rng_for(SEED, what if not self.first_rep else f"{what} of {self.crm}")

    @cached_property
    def _deal_ids(self) -> pl.Series:
        return pl.Series(salesforce_ids("006", np.arange(self.deals)))

    @cached_property
    def _account_ids(self) -> pl.Series:
        return pl.Series(salesforce_ids("001", np.arange(self.customers)))

    @cached_property
    def _rep_ids(self) -> pl.Series:
        return pl.Series(salesforce_ids("005", np.arange(self.reps)))

    def _accounts(self) -> pl.DataFrame:
        number, names = self.in_crm, self.names[self.in_crm]
        since, none = _instants(names["created"].to_numpy(), "08:30"), pl.lit(None, pl.String)
        return names.select(
            Id=self._account_ids, IsDeleted=pl.lit("false"), MasterRecordId=none, Name="name", Type=pl.lit("Customer"),
            BillingStreet=pl.format("Road {}", pl.Series(number)), BillingCity=pl.lit("Shanghai"),
            BillingState=pl.lit("Shanghai"), BillingPostalCode=pl.lit("200120"), BillingCountry=pl.lit("China"),
            Phone=pl.format("+86 21 {}", pl.Series(50_000_000 + number)),
            Website=pl.format("https://www.c{}.com", pl.Series(number)), Industry="industry",
            NumberOfEmployees=pl.lit("98"), OwnerId=self._rep_ids.gather(number % self.reps), Tax_ID__c="tax_id",
            SAP_Customer__c=none, Kingdee_Customer__c=none, Sales_Region__c="region", CreatedDate=since,
            SystemModstamp=since,
        )  # fmt: skip

    def _erp_accounts(self) -> pl.DataFrame:
        """Every second customer, a tenth of them without the tax id."""
        number, names = self.in_erp, self.names[self.in_erp]
        return names.select(
            客户编码=pl.Series(_numbered("C", np.arange(len(number)) * 2)), 客户名称="name",
            纳税人识别号=pl.when(pl.Series(number % 20 > 0)).then("tax_id"),
            电话=pl.format("021-{}", pl.Series(50_000_000 + number)), 省份=pl.lit("上海"), 城市=pl.lit("上海"),
            地址=pl.format("Road {}", pl.Series(number)), 销售区域=pl.lit("华东"), 客户类别=pl.lit("终端客户"),
            创建日期=_dates(names["created"].to_numpy()),
        )  # fmt: skip

    def _users(self) -> pl.DataFrame:
        number = pl.Series(self.first_rep + np.arange(self.reps))
        return pl.select(
            Id=self._rep_ids, Name=pl.format("Rep {}", number), Team__c=pl.format("Team {}", number % 6),
            Region__c=pl.lit("East China"), Manager_Name=pl.format("Rep {}", number % 6),
            EmployeeNumber=pl.format("E{}", number), IsActive=pl.lit("true"), HireDate=pl.lit("2016-05-11"),
        )  # fmt: skip


def names_of(customers: int, words: int) -> pl.DataFrame:
    """One row per customer: its name, tax id, region and industry. words: 2 where one would not be enough."""
    rng, number, trades = rng_for(SEED, "names"), np.arange(customers), np.array(TRADES)
    shuffled_words = WORDS[rng.permutation(len(WORDS))]
    name = np.char.title(shuffled_words[number % len(WORDS)])
    if words > 1:  # another one for each round through first words and trades
        round_number = number // (len(WORDS) * len(trades))
        second = shuffled_words[(number % len(WORDS) * 31 + round_number) % len(WORDS)]
        name = np.char.add(np.char.add(name, " "), np.char.title(second))
    codes = unified_social_credit_codes(rng, np.full(customers, "310115"))
    return pl.DataFrame({
        "name": name, "trade": trades[number // len(WORDS) % len(trades)],
        "tax_id": codes, "region": rng.choice(REGIONS, customers), "industry": rng.choice(INDUSTRIES, customers),
        "created": _days(rng, customers, YEARS) - 365 * YEARS,  # before the first deal
    }).select(pl.format("{} {} Ltd", "name", "trade").alias("name"), pl.exclude("name", "trade"))  # fmt: skip


def _numbered(prefix: str, numbers: np.ndarray, digits: int = 7) -> np.ndarray:
    return np.char.add(prefix, np.char.zfill(numbers.astype(str), digits))


def _month_ends(exports: int) -> list[date]:
    """Ends of the months up to AS_OF, the oldest first; one more than EXPORTS is the month after it."""
    months = [AS_OF.year * 12 + AS_OF.month - EXPORTS + 1 + number for number in range(exports)]
    return [date(month // 12, month % 12 + 1, 1) - timedelta(days=1) for month in months]


def _days(rng: np.random.Generator, count: int, years: int) -> np.ndarray:
    """Days as ordinals over the years before AS_OF, more of them late."""
    return AS_OF.toordinal() - (rng.beta(1, 1.3, count) * 365 * years).astype(int)


def _dates(ordinals: np.ndarray) -> pl.Series:
    return pl.Series((ordinals - date(1970, 1, 1).toordinal()).astype("int32")).cast(pl.Date)


def _instants(ordinals: np.ndarray, clock: str) -> pl.Series:
    return _dates(ordinals).dt.strftime(f"%Y-%m-%dT{clock}:00.000Z")


def _keep(path: Path, make: Callable[[], pl.DataFrame]) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".partial")
        make().write_csv(aside)
        aside.replace(path)
