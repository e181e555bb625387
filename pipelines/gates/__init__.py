"""What stands between two steps: gates over the tables of a layer, freshness of exports, volumes against earlier runs.

Belongs here: running the suites of `expectations/` and deciding what a failure leads to. Does not belong here: a rule.
"""
