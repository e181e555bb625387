"""Bytes to cells: containers, encodings, delimiters, quotes, workbooks and markup.

Belongs here: everything that depends on the file format, up to a table of text cells with their record numbers. Does
not belong here: what a cell means (casting/).
"""
