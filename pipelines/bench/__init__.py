"""Measurements, each beside a named peer in the same run.

Belongs here: what `almanac bench` prints. Does not belong here: tests; a figure is never an assertion.
"""
