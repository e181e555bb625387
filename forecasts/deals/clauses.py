"""What each feature of a deal or lead is called in a reason: a clause that a sales manager reads, with plain values."""

import polars as pl

# A feature before its value, as `features.in_plain` says it: "stage: proposal", "last contact: 3 days ago".
LABELS = {
    "age_days": "age of the deal",
    "amount": "amount",
    "amount_growth": "change of the amount since it was first entered",
    "stage_code": "stage",
    "stage_since": "in this stage since",
    "expected_close_on": "expected to close",
    "exported_on": "last told of by an export",
    "last_activity_on": "last contact",
    "typed_probability": "chance entered by the rep",
    "category_code": "forecast category",
    "move_count": "stage changes so far",
    "move_count_30d": "stage changes in the last 30 days",
    "backward_count": "steps back so far",
    "backward_count_30d": "steps back in the last 30 days",
    "push_count": "times the closing day was put off",
    "push_count_30d": "times the closing day was put off in the last 30 days",
    "activity_count": "contacts so far",
    "activity_count_30d": "contacts in the last 30 days",
    "deep_activity_count": "visits and meetings so far",
    "deep_activity_count_30d": "visits and meetings in the last 30 days",
    "contact_count": "people known at the customer",
    "contact_count_30d": "people met at the customer in the last 30 days",
    "role_count": "roles known at the customer",
    "role_count_30d": "roles met at the customer in the last 30 days",
    "customer_won_share": "share of the customer's deals that it bought",
    "customer_deals_a_year": "deals of the customer a year",
    "customer_size": "size of the customer",
    "rep_won_share": "share of the rep's deals that were won",
    "never_bought_lost_deals": "deals turned down by a customer who has never bought",
    "never_bought_deals": "deals of a customer who has never bought",
    "never_bought_usual_deals": "deals usual for the size of a customer who has never bought",
    "never_bought_deals_over_usual": "deals of a customer who has never bought, over those usual for its size",
    "channel": "channel",
    "deal_type": "deal type",
    "region": "region",
    "product_line": "product line",
    "team": "team",
    "rep": "rep",
    "industry": "industry",
    "tier": "tier",
    "source_system": "system",
    "campaign_id": "campaign",
    "score": "score of the lead",
    "unassigned_days": "waited for an owner",
    "share_of_this_age_probability": "share of leads as old that become a deal",
}
BOUGHT = "the customer has bought before"
# Flags, and values that mean something else than their number. A value of 0 is also that of who has bought before.
PHRASES = {
    "customer_never_bought|yes": "the customer has never bought",
    "customer_never_bought|no": BOUGHT,
    "customer_lost_and_never_bought|yes": "the customer has turned down deals and never bought",
    "customer_lost_and_never_bought|no": f"{BOUGHT}, or turned down none",
    "customer_deals_a_year_and_never_bought|yes": "how many deals the customer has without ever buying",
    "customer_deals_a_year_and_never_bought|no": BOUGHT,
    "customer_size_and_never_bought|yes": "the size of a customer who has never bought",
    "customer_size_and_never_bought|no": f"{BOUGHT}, or its size is not known",
    "never_bought_lost_deals|0": f"{BOUGHT}, or turned down none",
    "never_bought_deals|0": f"{BOUGHT}, or has no deal of late",
    "never_bought_usual_deals|0": BOUGHT,
    "never_bought_deals_over_usual|0": f"{BOUGHT}, or has as many deals as usual",
    "has_budget|unknown": "whether it has a budget is not known",
    "has_decision_process|unknown": "whether it has a decision process is not known",
    "has_decision_maker|unknown": "whether it has a decision maker is not known",
    "has_owner|unknown": "whether it has an owner is not known",
    "season|": "the season",
}


def clause(feature: pl.Expr, value: pl.Expr) -> pl.Expr:
    """A feature and its value as a clause; a value that is null is none, one that is missing is called unknown.

    A column that only one company exports is called by its own name.
    """
    spelt = feature.str.replace_all("_", " ")
    label = feature.replace_strict(LABELS, default=spelt, return_dtype=pl.String)
    flags = [
        pl.when(feature.str.starts_with(f"{verb}_"), value == word).then(
            pl.format(f"{verb} {no}{{}}", spelt.str.strip_prefix(f"{verb} "))
        )
        for verb, negated in (("has", "no "), ("is", "not "))
        for word, no in (("yes", ""), ("no", negated))
    ]
    own = pl.concat_str(feature, value.fill_null(""), separator="|").replace_strict(PHRASES, default=None)
    return pl.coalesce(own, *flags, pl.format("{}: {}", label, value), label)
