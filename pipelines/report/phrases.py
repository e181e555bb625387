"""Sentences of served tables in another language, by the sentences themselves.

Tables say things in English: an analyst reads and filters them. The catalogue of another language has a template for
each kind of sentence, `last contact on {day}`, and how it is said there, `最近联系：{day}`. A part in braces is taken
over as it stands: it may be somebody's name (`{part:name}`: but for "unknown"). On the right `{part:said}` is said
itself, `{words:list}` each for itself, `{code:stage}` is the catalogue's word for a code and `{codes:terms:stage}` for
several. What no template knows stays English.
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property

PART = re.compile(r"\{(\w+)\}")
UNKNOWN = "unknown"  # stands where a name would
Term = Callable[[str, str], str]


class Phrasebook:
    """The templates of one language."""

    def __init__(self, templates: Mapping[str, str], term: Term, comma: str, semicolon: str) -> None:
        """term: the word for a code of a group. comma, semicolon: what stands between words and between findings."""
        self.templates, self.term, self.comma, self.semicolon = templates, term, comma, semicolon

    def said(self, text: str) -> str:
        """A sentence, or several joined by semicolons, in this language; what is not known as it stands."""
        if (whole := self.known(text)) is not None:
            return whole
        parts = text.split("; ")
        said = [self.known(part) or part for part in parts]
        return self.semicolon.join(said) if said != parts else text

    def known(self, text: str) -> str | None:
        """One sentence in this language, None where no template fits it."""
        if text in self.templates:
            return self.templates[text]
        for pattern, template in self._patterns:
            if found := pattern.fullmatch(text):
                parts = {name: _Part(part, self) for name, part in found.groupdict().items()}
                return template.format_map(parts)
        return None

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """The template with most words of its own first: it says most of what a sentence is. Before it those that hold
        another sentence, of which a part of the inner one would take the end."""
        open_ones = [(text, said) for text, said in self.templates.items() if PART.search(text)]
        open_ones.sort(key=lambda one: (":said}" not in one[1], -len(PART.sub("", one[0]))))
        return [(_pattern(text), said) for text, said in open_ones]


class _Part:
    """What stood in braces, in the form that the template asks for."""

    def __init__(self, text: str, book: Phrasebook) -> None:
        self.text, self.book = text, book

    def __format__(self, form: str) -> str:
        if form == "said" or (form == "name" and self.text == UNKNOWN):
            return self.book.said(self.text)
        if form == "name":
            return self.text
        if form == "list":
            return self.book.comma.join(map(self.book.said, self.text.split(", ")))
        if form.startswith("terms:"):
            return self.book.comma.join(self._term(form.removeprefix("terms:"), code) for code in self.text.split(", "))
        return self._term(form, self.text) if form else self.text

    def _term(self, group: str, code: str) -> str:
        """The word for a code as it stands, or for the code that a sentence has put into words."""
        found, spelt = self.book.term(group, code), code.replace(" ", "_")
        return self.book.term(group, spelt) if found == code and self.book.term(group, spelt) != spelt else found


def _pattern(template: str) -> re.Pattern[str]:
    """A part never reaches over a semicolon, where the next finding begins; a name in quotes may hold one."""
    pieces = PART.split(template)  # words, name, words, name, words
    spelt = [re.escape(piece) for piece in pieces]
    for n in range(1, len(pieces), 2):
        is_quoted = pieces[n - 1].endswith('"') and pieces[n + 1].startswith('"')
        spelt[n] = f"(?P<{pieces[n]}>{'.+?' if is_quoted else '(?:(?!; ).)+?'})"
    return re.compile("".join(spelt), re.DOTALL)
