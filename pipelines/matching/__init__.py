"""The matching engine for one file of records, and the weights it uses.

Belongs here: running the SQL models of the nightly job outside dbt, training, and explaining why two records are one
customer. Does not belong here: any SQL that compares records; that is in dbt_project/models/matching only.
"""
