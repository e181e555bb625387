"""Deals in the forecast: who will win, when and how much, and what nobody has entered yet. Tables in, tables out.

schema.py holds every frame's columns: `deals` and `observations` in; scores, chances by period, reasons, the pipeline
forecast and the registry out. The two calls, both on a `History` (history.py):
    scores.score_deals(history, settings)                     -> Scores: deals, periods, reasons, registry
    pipeline.forecast_pipeline(history, scores, levels, ...)  -> Pipeline: rows, samples of existing and new deals
In order of the work:
    history.py      what was known of deals by a day, checked; spells: since when a deal is open, and how it ended
    panel.py        spell x origin: the state as known at each origin, and in which later period it ended (or not yet)
    table.py        chances by stage and period ahead, counted: the model that needs no features
    amounts.py      what a deal brings where it is won, relative to the amount entered now
    features.py     what the win model reads, by a recipe that is saved with it
    win_model.py    discrete-time competing risks with covariates (fitted in competing_logit.py), calibrated
    judging.py      figures out of time, with a purge between training and test
    choice.py       which model serves: win model, else table, else seed; the registry's rows
    clauses.py        what each feature is called in a reason
    contributions.py  why: signed contributions that sum to the log-odds, and their words
    scores.py       chance, day and amount of every open deal
    inflow.py       deals that are not entered yet: how many, and when deals are won after their creation
    draws.py        futures of existing and new deals, with what deals of one future share
    pipeline.py     wins of existing and of new deals by node and period
    leads.py        which lead becomes a deal, by the same logit on other rows
Nothing here reads a later day than `as_of`: features come from the last observation at or before an origin.
Does not belong here: SQL, reading exports, the ledger, thresholds of a company; no DuckDB, no Dagster.
"""
