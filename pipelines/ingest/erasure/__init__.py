"""Forgetting a person: finding, blanking and erasing what is kept of a person, down to the landed bytes.

Belongs here: removal on request. Does not belong here: masking of what is served (pipelines/serving/masking.py).
"""
