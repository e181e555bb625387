"""Answers of people on their way back: a filled-in review workbook in the inbox becomes rows of the company's policy.

Belongs here: reading the cells, refusing a bad one by sheet and cell, writing the rows, the log of who decided what.
Does not belong here: writing the workbook (`pipelines/report/review_book.py`), or acting on a decision: that is the
next build's.
"""
