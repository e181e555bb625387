"""Which models serve a series: segments, pools of champions and challengers, and the fallback.

Belongs here: choosing by backtest error. Does not: computing that error (backtesting), intervals (uncertainty).
"""
