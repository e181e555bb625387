"""What a model would have said: rolling origins, the errors at them, and where their partitions run.

Belongs here: cutting histories at origins, metrics, running work on partitions in one process, a pool or a cluster.
Does not: choosing between models (selection), widths of intervals (uncertainty).
"""
