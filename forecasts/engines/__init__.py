"""Numerical engines behind the models: statsforecast, compiled smoothing, Prophet in batch, and streaming a file.

Belongs here: running a library for many series at once. Does not: a model of the pool, which is one file in models/
and may call an engine; the solver of Prophet's model (prophet_map/).
"""
