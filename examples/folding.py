"""One spelling for words that readers write in several ways, for a search index."""

import unicodedata

_ALIKE = str.maketrans({
    "\u0640": None,  # ARABIC TATWEEL
    "\u0649": "\u064a",  # ARABIC LETTER ALEF MAKSURA, ARABIC LETTER YEH
    "\u06cc": "\u064a",  # ARABIC LETTER FARSI YEH
    "\u06a9": "\u0643",  # ARABIC LETTER KEHEH, ARABIC LETTER KAF
    "\u0629": "\u0647",  # ARABIC LETTER TEH MARBUTA, ARABIC LETTER HEH
})  # fmt: skip


def fold(text: str) -> str:
    """`text` without case, accents, Arabic vowel signs and tatweel, and with one form of alef, yeh, kaf and heh.

    SQLite's unicode61 tokenizer knows Latin accents only: it would cut an Arabic word at each vowel sign.
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).translate(_ALIKE)
