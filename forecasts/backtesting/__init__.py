"""What a model would have said: rolling origins, and where their partitions run.

Belongs here: cutting histories at origins, running work on partitions in one process, a pool or a cluster.
Does not: choosing between models (selection), widths of intervals (uncertainty).
"""
