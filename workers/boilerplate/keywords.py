"""Keyword lines, as dumps of pages carry them."""

import re
from typing import Final

# ARABIC COMMA, ARABIC SEMICOLON, BULLET, MIDDLE DOT, IDEOGRAPHIC COMMA, FULLWIDTH COMMA, FULLWIDTH SEMICOLON
_SEPARATOR: Final = re.compile("[,;|#/\n\u060c\u061b\u2022\u00b7\u3001\uff0c\uff1b]")
_TRIMMED: Final = " \t.:\"'()[]\u00ab\u00bb"  # « »
_PHRASE_CHARS: Final = 60


def split_keywords(line: str) -> list[str]:
    """The keywords of a line, in order, repeated ones included.

    Where the line has separators they decide, and a piece longer than 60 characters is no keyword. Where it has
    none it is a run of words: which of them belong together cannot be seen, so each is a keyword of its own.
    """
    pieces = _SEPARATOR.split(line) if _SEPARATOR.search(line) else line.split()
    trimmed = (piece.strip(_TRIMMED) for piece in pieces)
    return [piece for piece in trimmed if piece and len(piece) <= _PHRASE_CHARS]
