"""One file of records -> the frame that matching reads: formats, encodings and headers in English and Chinese."""

import re
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.errors import AlmanacError

# Canonical column -> headers it goes by, in comparable spelling (letters and digits, lower-case).
HEADERS: dict[str, tuple[str, ...]] = {
    "source_system": ("sourcesystem", "system", "来源系统"),
    "source_id": ("recordid", "uniqueid", "id", "accountid", "customerid", "rowid", "编号", "客户编号", "记录编号"),
    "account_name": (
        *("accountname", "name", "companyname", "company", "customername", "customer", "organisation", "organization"),
        *("organisationname", "organizationname", "sitename", "title", "fullname", "businessname", "legalname"),
        *("客户名称", "公司名称", "企业名称", "名称", "公司", "单位名称", "客户", "姓名"),
    ),
    "first_name": ("firstname", "givenname", "forename", "given", "名"),
    "last_name": ("lastname", "surname", "familyname", "姓"),
    "tax_id": ("taxid", "vat", "vatid", "vatnumber", "ein", "统一社会信用代码", "税号", "信用代码", "纳税人识别号"),
    "phone": ("phone", "telephone", "tel", "phonenumber", "mobile", "mobilephone", "电话", "手机", "联系电话"),
    "email": ("email", "emailaddress", "mail", "邮箱", "电子邮件", "电子邮箱"),
    "website": ("website", "url", "domain", "web", "homepage", "网址", "网站", "官网"),
    "address": ("address", "street", "streetaddress", "billingstreet", "address1", "地址", "详细地址"),
    "city": ("city", "town", "billingcity", "birthplace", "placeofbirth", "城市", "市"),
    "province": ("province", "state", "billingstate", "省", "省份"),
    "postal_code": ("postalcode", "zip", "zipcode", "postcode", "billingpostalcode", "邮编", "邮政编码"),
    "industry": ("industry", "sector", "occupation", "profession", "行业", "所属行业", "职业"),
    "contact_name": ("contactname", "contact", "contactperson", "联系人", "联系人姓名"),
    "contact_email": ("contactemail", "联系人邮箱"),
    "contact_phone": ("contactphone", "contactmobile", "联系人电话", "联系人手机"),
    "contact_job_title": ("contactjobtitle", "contacttitle", "联系人职务", "职务"),
    "amount": ("amount", "revenue", "sales", "turnover", "annualrevenue", "金额", "销售额", "营业收入", "年收入"),
    "birth_date": ("birthdate", "dob", "dateofbirth", "birthday", "出生日期", "生日"),
}
DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y%m%d", "%Y年%m月%d日")


def read_table(path: Path) -> pl.DataFrame:
    """Every cell of a CSV, Parquet or XLSX file; texts of CSV stay text."""
    if not path.is_file():
        raise AlmanacError(f"{path}: no such file")
    kind = path.suffix.lower()
    if kind == ".parquet":
        return pl.read_parquet(path)
    if kind in {".xlsx", ".xls"}:
        return pl.read_excel(path, infer_schema_length=0)
    if kind not in {".csv", ".tsv", ".txt"}:
        raise AlmanacError(f"{path}: {kind or 'no ending'} is not one of .csv, .tsv, .txt, .xlsx, .parquet")
    separator = "\t" if kind == ".tsv" else ","
    return pl.read_csv(_text(path).encode(), separator=separator, infer_schema_length=0)


def _text(path: Path) -> str:
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AlmanacError(f"{path}: neither UTF-8 nor GB18030; save it as UTF-8")


def recognise(headers: list[str], said: dict[str, str] | None = None) -> dict[str, str]:
    """Canonical column -> header. said: what the user maps by hand, which wins."""
    found = dict(said or {})
    unknown = set(found.values()) - set(headers)
    if unknown:
        raise AlmanacError(f"no column {', '.join(sorted(unknown))}: the file has {', '.join(headers)}")
    plain = {re.sub(r"[\W_]+", "", header.casefold()): header for header in reversed(headers)}
    for column, names in HEADERS.items():
        header = next((plain[name] for name in names if name in plain), None)
        if header and column not in found and header not in found.values():
            found[column] = header
    return found


def as_records(table: pl.DataFrame, mapping: dict[str, str]) -> pl.DataFrame:
    """The table in canonical columns; a record without an id gets its row number."""
    columns = {name: pl.col(header).cast(pl.String) for name, header in mapping.items() if name != "birth_date"}
    records = table.select(**columns, **_birth_date(table, mapping)).with_row_index("row", offset=1)
    if "source_id" not in mapping:
        records = records.with_columns(source_id=pl.col("row").cast(pl.String))
    if "source_system" not in mapping:
        records = records.with_columns(source_system=pl.lit("file"))
    if {"first_name", "last_name"} & set(mapping):
        parts = [pl.col(name).fill_null("") for name in ("first_name", "last_name") if name in mapping]
        records = records.with_columns(account_name=pl.concat_str(parts, separator=" ").str.strip_chars())
    if not {"account_name", "tax_id", "phone", "email", "website"} & set(records.columns):
        raise AlmanacError(
            f"no name, tax id, phone, e-mail or web site among the columns {', '.join(table.columns)}:"
            " say which is which with --map account_name=HEADER"
        )
    _refuse_double_ids(records)
    return records


def _refuse_double_ids(records: pl.DataFrame) -> None:
    doubles = records.filter(pl.struct("source_system", "source_id").is_duplicated() | pl.col("source_id").is_null())
    if len(doubles):
        first = doubles["source_id"][0]
        raise AlmanacError(
            f"{len(doubles)} records have no id of their own (the first: {first!r}): choose another --id"
        )


def _birth_date(table: pl.DataFrame, mapping: dict[str, str]) -> dict[str, pl.Expr]:
    if "birth_date" not in mapping:
        return {}
    values = pl.col(mapping["birth_date"])
    if table.schema[mapping["birth_date"]] in (pl.Date, pl.Datetime):
        return {"birth_date": values.cast(pl.Date)}
    parsed = [values.cast(pl.String).str.to_date(form, strict=False) for form in DATE_FORMATS]
    plausible = pl.coalesce(parsed)
    return {"birth_date": pl.when(plausible >= date(1000, 1, 1)).then(plausible)}
