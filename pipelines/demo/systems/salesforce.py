"""Salesforce, data-export shape: API names, 18-character ids, ISO instants, and the org's own OpportunityHistory."""

import polars as pl

from pipelines.demo import words
from pipelines.demo.competitors import with_competitors
from pipelines.demo.contacts import contacts, full_name
from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, money, text, translated
from pipelines.demo.ids import salesforce_ids
from pipelines.demo.roles import contact_roles
from pipelines.demo.touches import touches
from pipelines.demo.world import World

STAGES = {
    "lead": "Prospecting",
    "qualified": "Qualification",
    "needs": "Needs Analysis",
    "decision_makers": "Id. Decision Makers",
    "proposal": "Proposal/Price Quote",
    "negotiation": "Negotiation/Review",
    "won": "Closed Won",
    "lost": "Closed Lost",
}
NAME = "salesforce"


def write(out: Outbox, world: World) -> None:
    """Opportunity on every export day, and what is new in its history and among the tasks; the rest on slow days."""
    people = contacts(world, NAME)
    logs = {"OpportunityHistory": _history(world), "Task": _tasks(world), "OpportunityContactRole": _roles(world)}
    for after, last in world.log_days:
        day = stamp(last)
        if last in world.list_days:
            out.csv(f"salesforce/Account_{day}.csv", _accounts(out, world, last), quote_all=True)
            known = _contacts(people.filter(pl.col("created") <= last))
            out.csv(f"salesforce/Contact_{day}.csv", known, quote_all=True)
            out.csv(f"salesforce/User_{day}.csv", _users(world, last), quote_all=True)
        out.csv(f"salesforce/Opportunity_{day}.csv", _deals(out, world, last), quote_all=True)
        for name, log in logs.items():
            out.csv(f"salesforce/{name}_{day}.csv", since(log, after, last), quote_all=True)


def since(log: pl.DataFrame, after: int, last: int) -> pl.DataFrame:
    """What a log has gained after one export day and up to the next, by its column `_day`."""
    return log.filter((pl.col("_day") > after) & (pl.col("_day") <= last)).drop("_day")


def stamp(number: int) -> str:
    """A day as it stands in file names, e.g. 20261031."""
    return str(pl.select(pl.lit(number).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y%m%d")).item())


def industry() -> pl.Expr:
    """Industry in English."""
    return pl.col("industry_no").replace_strict(dict(enumerate(words.INDUSTRIES)), return_dtype=pl.String)


def country() -> pl.Expr:
    """Country in English."""
    return pl.col("code").replace_strict(words.COUNTRY, default="China", return_dtype=pl.String)


def owner_ids(column: str = "rep") -> pl.Expr:
    """User ids of reps."""
    return pl.col(column).map_batches(
        lambda reps: pl.Series(salesforce_ids("005", reps.to_numpy())), return_dtype=pl.String
    )


def erp_code(world: World) -> pl.DataFrame:
    """Customer -> its number in the ERP, for the records that carry it."""
    return world.records.filter(pl.col("system").is_in(["kingdee", "sap"])).select(
        "customer", erp_id="source_id", erp="system"
    )


def _accounts(out: Outbox, world: World, last: int) -> pl.DataFrame:
    rows = world.accounts(NAME, last).join(erp_code(world), on="customer", how="left", maintain_order="left")
    instant = pl.lit("T08:30:00.000Z")
    frame = rows.select(
        Id="source_id",
        IsDeleted=pl.lit("false"),
        MasterRecordId=pl.lit(None, dtype=pl.String),
        ParentId="parent_account_id",
        Name="account_name",
        Type=pl.lit("Customer"),
        BillingStreet="street",
        BillingCity=pl.when("is_chinese").then("english").otherwise("city"),
        BillingState="province",
        BillingPostalCode="postal_code",
        BillingCountry=country(),
        Phone="phone_text",
        Website=pl.concat_str(pl.lit("https://www."), "domain"),
        Industry=industry(),
        NumberOfEmployees=text("employees"),
        OwnerId=owner_ids(),
        Tax_ID__c="tax_id",
        SAP_Customer__c=pl.when(pl.col("has_erp_code") & (pl.col("erp") == "sap")).then("erp_id"),
        Kingdee_Customer__c=pl.when(pl.col("has_erp_code") & (pl.col("erp") == "kingdee")).then("erp_id"),
        Sales_Region__c="region",
        Strategic_Partner__c=text("is_strategic"),
        CreatedDate=pl.concat_str(day("created"), instant),
        SystemModstamp=pl.concat_str(day("created"), instant),
    )
    if last == world.last:
        frame = out.spoilt(
            f"salesforce/Account_{stamp(last)}.csv",
            "accounts",
            frame,
            keys=world.spare_ids(NAME, "account"),
            key="Id",
            day="CreatedDate",
        )
    return frame


def _deals(out: Outbox, world: World, last: int) -> pl.DataFrame:
    frame = with_competitors(world.deal_rows(NAME, last), world).select(
        Id="source_id",
        IsDeleted=pl.lit("false"),
        AccountId="account_id",
        Name="title",
        StageName=translated("stage", STAGES),
        Amount=money("amount", decimals=1),
        Probability=pl.concat_str(text("probability"), pl.lit(".0")),
        CurrencyIsoCode="currency",
        CloseDate=day("expected"),
        Type="deal_type",
        LeadSource="channel",
        IsClosed=text("is_closed"),
        IsWon=text("is_won"),
        ForecastCategoryName=_category(),
        Loss_Reason__c=pl.when("is_lost").then("loss_reason"),
        Competitor__c="competitor",
        OwnerId=owner_ids(),
        Team__c="team",
        Sales_Region__c="region",
        Product_Code__c="product_id",
        Product_Line__c="product_line",
        External_Deal_Id__c="external_id",
        Budget_Confirmed__c=text("has_budget"),
        Decision_Process__c=text("has_decision_process"),
        Decision_Maker__c=text("has_decision_maker"),
        CreatedDate=pl.concat_str(day("created"), pl.lit("T09:15:00.000Z")),
        LastModifiedDate=pl.concat_str(day("updated"), pl.lit("T10:00:00.000Z")),
    )
    if last == world.last:
        path = f"salesforce/Opportunity_{stamp(last)}.csv"
        frame = out.spoilt(
            path, "opportunities", frame, keys=world.spare_ids(NAME, "deal"), key="Id", day="CloseDate", amount="Amount"
        )
    return frame


def _category() -> pl.Expr:
    """What a rep calls an open deal follows from the chance typed in, and from where the rep draws the lines."""
    likely = pl.col("probability")
    return (
        pl.when("is_lost")
        .then(pl.lit("Omitted"))
        .when("is_won")
        .then(pl.lit("Closed"))
        .when(likely >= pl.col("commit_from"))
        .then(pl.lit("Commit"))
        .when(likely >= pl.col("best_case_from"))
        .then(pl.lit("Best Case"))
        .otherwise(pl.lit("Pipeline"))
    )


def _history(world: World) -> pl.DataFrame:
    """Unlike a stage history it has a row for a new closing day or chance too, in the stage that the deal was in."""
    rows = world.deal_history(NAME, guesses=True).with_row_index("history")
    number = pl.col("history").map_batches(
        lambda places: pl.Series(salesforce_ids("008", places.to_numpy().astype("int64"))), return_dtype=pl.String
    )
    return rows.select(
        Id=number,
        OpportunityId="source_id",
        StageName=translated("stage", STAGES),
        Amount=money("amount", decimals=1),
        CloseDate=day("expected"),
        Probability=pl.concat_str(text("probability"), pl.lit(".0")),
        CreatedById=owner_ids(),
        CreatedDate=pl.format("{}T{}:00:00.000Z", day("changed"), pl.col("place") + 10),
        IsDeleted=pl.lit("false"),
        _day="changed",
    )


def _contacts(rows: pl.DataFrame) -> pl.DataFrame:
    instant = pl.concat_str(day("created"), pl.lit("T08:45:00.000Z"))
    return rows.select(
        Id=pl.Series(salesforce_ids("003", rows["number"].to_numpy())),
        IsDeleted=pl.lit("false"),
        MasterRecordId=pl.lit(None, dtype=pl.String),
        AccountId="account_id",
        Name=full_name(),
        Title="title",
        Email="email",
        Phone="phone",
        Birthdate=day("born"),
        Decision_Role__c=pl.when("is_decision_maker").then(pl.lit("Decision Maker")).otherwise(pl.lit("Influencer")),
        CreatedDate=instant,
        SystemModstamp=instant,
    )


def _tasks(world: World) -> pl.DataFrame:
    rows = touches(world, NAME)
    return rows.select(
        Id=touch_ids(),
        WhatId="source_id",
        WhoId=person_ids(),
        AccountId="account_id",
        OwnerId=owner_ids(),
        Type="kind",
        Subject=pl.concat_str("kind", pl.lit(" with the customer")),
        ActivityDate=day("occurred"),
        _day="occurred",
    )


def _roles(world: World) -> pl.DataFrame:
    rows = contact_roles(world, NAME)
    return rows.select(
        Id=role_ids(),
        OpportunityId="source_id",
        ContactId=person_ids(),
        Role="role",
        IsPrimary=text("is_primary"),
        CreatedDate=pl.concat_str(day("since"), pl.lit("T11:20:00.000Z")),
        IsDeleted=pl.lit("false"),
        _day="since",
    )


def touch_ids() -> pl.Expr:
    """Ids of tasks by their numbers."""
    return _ids("00T", pl.col("touch"))


def role_ids() -> pl.Expr:
    """Ids of contact roles by their numbers."""
    return _ids("00K", pl.col("number"))


def person_ids() -> pl.Expr:
    """Ids of contacts by their numbers; null where nobody is named."""
    return pl.when(pl.col("contact").is_not_null()).then(_ids("003", pl.col("contact").fill_null(0)))


def _ids(prefix: str, number: pl.Expr) -> pl.Expr:
    return number.map_batches(
        lambda numbers: pl.Series(salesforce_ids(prefix, numbers.to_numpy().astype("int64"))), return_dtype=pl.String
    )


def _users(world: World, last: int) -> pl.DataFrame:
    is_active = pl.col("left").is_null() | (pl.col("left") > last)
    return world.reps.with_columns(is_active=is_active).select(
        Id=owner_ids(),
        Name="rep_name",
        Team__c="team",
        Region__c="region",
        Manager_Name="manager",
        EmployeeNumber="rep_id",
        IsActive=text("is_active"),
        HireDate=day("hired"),
    )
