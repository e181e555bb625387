"""Cells to typed, validated rows: headers to canonical columns, dates, numbers, code lists, and a contract's checks.

Belongs here: everything that reads a cell by its contract. Does not belong here: file formats (formats/), where rows
are kept (landing/, quarantine/).
"""

# The tables of the connection that reads one file, in the order in which they are made; all go when it is closed.
# Steps hand rows on by these names: a new one is named here, and nowhere is one used that is not.
SCRATCH = {
    "cells": "the file as it is: `_record` and one column of text per header",
    "patched": "the same with the cells that a person has corrected",
    "positioned": "with the position of each row within its document",
    "filled": "with blank cells filled from the row above, where the contract says so",
    "mapped": "with cells moved to the headers that other sheets of the workbook call them",
    "stated": "with columns for what the contract states of all rows",
    "unpivoted": "one row per cell of columns that are named after periods or stages",
    "irregular_rows": "rows in which a cell is not written as most of its column are",
    "irregular": "the texts of one column that are not written as most are",
    "words": "of these, what is no word for empty",
    "meanings": "what the rules of the column make of each word",
    "typed": "canonical columns with their types, and beside each the text it was read from",
    "faults": "one row per fault of a record: column, code, reason; its records are refused",
    "candidates": "over all chunks of a large file: rows whose key may have come before",
    "duplicates": "rows whose key stands in the file more than once",
}
