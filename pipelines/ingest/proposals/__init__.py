"""Proposes a contract from one export: maps headers and values to canonical columns, and writes the YAML.

Belongs here: guesses with their evidence, for a person to correct. Does not belong here: anything a run relies on.
"""
