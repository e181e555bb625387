"""The same flow as a graph of Dagster assets: checks, schedules, sensors, and running a job from a command.

Belongs here: everything that imports Dagster, and nothing else does. Does not belong here: any rule of the product;
an asset reads, calls a plain function, writes, and reports counts.
"""
