"""The matching engine for one file of records, and the weights it uses.

Belongs here: running the same SQL models as the nightly job outside dbt, training, and telling why two records are one
customer. Does not belong here: any SQL that compares records; it stands once, in dbt_project/models/matching.
"""
