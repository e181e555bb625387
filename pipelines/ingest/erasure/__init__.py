"""Forgetting a person: finding, blanking and erasing what was kept of somebody, down to the landed bytes.

Belongs here: removal on request. Does not belong here: masking of what is served (pipelines/serving/masking.py).
"""
