"""Which language a text is in."""

import re
from functools import cache
from typing import Final, Protocol

from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNKNOWN: Final = "und"
_SAMPLE_CHARS: Final = 2_000
_FLOOR: Final = 0.6
"""On the first 60 characters of the 1,839 fundus, mixed and Arabic texts of the development data, 6 of 1,638
answers at or above this probability were wrong, and 34 of 201 below it (0.5 to 0.6: 13 of 102)."""
_TAG: Final = re.compile(r"([a-zA-Z]{2,3})(?:[-_].*)?$")
_LETTER: Final = re.compile(r"[^\W\d_]")

# Varieties that py3langid keeps apart and newspapers write as one language; zxx is "no linguistic content".
_WRITTEN_AS: Final = {"arz": "ar", "ary": "ar", "yue": "zh", "zxx": UNKNOWN}


class _Identifier(Protocol):
    """What is used of py3langid, which carries no types."""

    def rank(self, text: str) -> list[tuple[str, float]]: ...


def primary_language(tag: str | None) -> str | None:
    """The primary subtag of a BCP 47 tag in lower case ("ar" for "ar-EG"); None when it is no such tag."""
    match = _TAG.match((tag or "").strip())
    code = match.group(1).lower() if match else None
    return None if code in (None, UNKNOWN) else code


def detect(text: str, hint: str | None = None) -> str:
    """The BCP 47 primary language of `text`; `und` rather than a guess.

    `hint` (what the page or the feed says) decides where detection is unsure. Only the first 2,000 characters
    are read. Deterministic.
    """
    sample = text[:_SAMPLE_CHARS]
    otherwise = primary_language(hint) or UNKNOWN
    if not _LETTER.search(sample):
        return otherwise
    shares: dict[str, float] = {}
    for label, probability in _identifier().rank(sample):
        code = _WRITTEN_AS.get(label, label)
        shares[code] = shares.get(code, 0.0) + probability
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] >= _FLOOR and best != UNKNOWN else otherwise


@cache
def _identifier() -> _Identifier:
    """The identifier, loaded at first use (0.5 s). It is only read afterwards, so threads may share it."""
    identifier: _Identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return identifier
