"""The seams to what computes: statsforecast, smoothing in batch, Prophet, and series streamed from a file.

Belongs here: calling a numerical library for many series at once. Does not: a model of the pool, which is one file in
models/ and may call an engine.
"""
