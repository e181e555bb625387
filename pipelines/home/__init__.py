"""One home: its paths, the company it counts for, its runs, events and state, and the files that DuckDB and dbt own.

Belongs here: the one place that knows where things are, reads the environment and the clock, and opens the working
file. Does not belong here: what any step of the flow does.
"""
