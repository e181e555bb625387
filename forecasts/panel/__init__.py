"""A panel of series before any model sees it: batches, frequencies, calendars, outside figures, festival effects.

Belongs here: turning a long table into arrays of equal steps, and what is known about their periods. Does not: models.
"""
