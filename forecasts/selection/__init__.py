"""Which models are served: the model or pool of every series, chosen by backtest error.

Series are grouped in segments.py; pool.py chooses the models of each segment (greedy pool, guardrail, champion and
challenger); fallback.py is served where a series is too short for them.
Does not belong here: computing backtest errors (backtesting), intervals (uncertainty).
"""
