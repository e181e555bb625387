"""A contract from one export: what its headers and values look like, and the YAML that says so.

Belongs here: guesses with their evidence, for a person to correct. Does not belong here: anything a run relies on.
"""
