"""Comparable keys of names, phones, e-mails, web sites, tax ids, addresses and places, in English and Chinese.

Belongs here: normalising one raw value to a key that is equal for equal things; pure functions and the `keys.*` tables
of their results. Does not belong here: any comparison of two records, which is SQL
(dbt_project/models/matching).
"""

from pipelines.keys.company_name import NameKey, parse_name
from pipelines.keys.tables import build_key_tables, build_keys
from pipelines.keys.tax import is_valid_uscc, tax_id_keys

__all__ = ["NameKey", "build_key_tables", "build_keys", "is_valid_uscc", "parse_name", "tax_id_keys"]
