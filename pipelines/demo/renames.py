"""Other spellings of a company's name, as people type them. One rule per name; a record follows one of them."""

import numpy as np
import polars as pl

CHINESE_RULES = ("no_form", "short", "bracketed_city", "other_form", "spaced", "traditional", "latin", "swapped")
CHINESE_SHARES = (0.20, 0.16, 0.16, 0.14, 0.08, 0.10, 0.10, 0.06)
OVERSEAS_RULES = ("no_form", "short", "upper", "other_form", "the", "department", "swapped")
OVERSEAS_SHARES = (0.26, 0.14, 0.14, 0.18, 0.08, 0.10, 0.10)
_OTHER_FORM = {
    "有限公司": "有限责任公司",
    "股份有限公司": "股份公司",
    "有限责任公司": "有限公司",
    "GmbH": "mbH",
    "AG": "Aktiengesellschaft",
    "GmbH & Co. KG": "GmbH & Co KG",
    "Inc.": "Incorporated",
    "LLC": "L.L.C.",
    "Corp.": "Corporation",
    "Pty Ltd": "Pty. Limited",
    "Ltd": "Limited",
    "Limited": "Ltd.",
}


def draw_rules(rng: np.random.Generator, chinese: np.ndarray) -> np.ndarray:
    """One rule per record, by the shares above."""
    native = rng.choice(np.array(CHINESE_RULES), len(chinese), p=CHINESE_SHARES)
    overseas = rng.choice(np.array(OVERSEAS_RULES), len(chinese), p=OVERSEAS_SHARES)
    return np.where(chinese, native, overseas)


def renamed() -> pl.Expr:
    """The name of a record under its rule (`name_rule`, empty for the registered name), from the customer's parts."""
    neighbour = pl.col("form").replace(_OTHER_FORM)
    native = {
        "no_form": pl.concat_str("city", "brand", "business"),
        "short": pl.concat_str("brand", "business"),
        "bracketed_city": pl.concat_str("brand", "business", pl.lit("（"), "city", pl.lit("）"), "form"),
        "other_form": pl.concat_str("city", "brand", "business", neighbour),
        "spaced": pl.concat_str("city", pl.lit(" "), "brand", "business", pl.lit(" "), "form"),
        "traditional": pl.concat_str("city", "brand_traditional", "business_traditional", "form"),
        "latin": pl.concat_str(
            pl.col("brand_latin").str.slice(0, 1).str.to_uppercase(),
            pl.col("brand_latin").str.slice(1),
            pl.lit(" "),
            "business_english",
            pl.lit(" ("),
            "english",
            pl.lit(") Co., Ltd."),
        ),
        "swapped": pl.concat_str("city", _swapped("brand"), "business", "form"),
    }
    overseas = {
        "no_form": pl.concat_str("brand", pl.lit(" "), "business_english"),
        "short": pl.col("brand"),
        "upper": pl.col("name").str.to_uppercase(),
        "other_form": pl.concat_str("brand", pl.lit(" "), "business_english", pl.lit(" "), neighbour),
        "the": pl.concat_str(pl.lit("The "), "brand", pl.lit(" "), "business_english", pl.lit(" Company")),
        "department": pl.concat_str("name", pl.lit(" - Procurement")),
        "swapped": pl.concat_str(_swapped("brand"), pl.lit(" "), "business_english", pl.lit(" "), "form"),
    }
    result = pl.col("name")
    for chinese, rules in ((True, native), (False, overseas)):
        for rule, name in rules.items():
            result = (
                pl.when((pl.col("is_chinese") == chinese) & (pl.col("name_rule") == rule)).then(name).otherwise(result)
            )
    return result.alias("account_name")


def _swapped(column: str) -> pl.Expr:
    # two neighbouring letters change places: the commonest slip of the keyboard
    first, second, rest = pl.col(column).str.slice(0, 1), pl.col(column).str.slice(1, 1), pl.col(column).str.slice(2)
    return pl.concat_str(second, first, rest)
