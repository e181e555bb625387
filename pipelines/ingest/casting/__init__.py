"""Cells to typed, validated rows: headers to canonical columns, dates, numbers, code lists, and a contract's checks.

Belongs here: everything that reads a cell by its contract. Does not belong here: file formats (formats/), where rows
are kept (landing/, quarantine/).
"""
