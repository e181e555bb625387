"""Rejected rows: each once, with record, columns, reasons and text; exported, corrected and resubmitted.

Belongs here: what is kept of a row that was not loaded. Does not belong here: why it was not (casting/validate.py).
"""
