"""Cells to typed, judged rows: headers to canonical columns, dates, numbers, code lists, and the checks of a contract.

Belongs here: everything that reads a cell by its contract. Does not belong here: file formats (formats/), where rows
are kept (landing/, quarantine/).
"""
