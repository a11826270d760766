"""How much of the article a page shows."""

import re
from collections.abc import Sequence
from typing import Final

from schemas.cleaned_article import Extent
from workers.boilerplate.paragraphs import weight
from workers.boilerplate.verdict import is_login

_SHORT_CHARS: Final = 1_500
"""A page that says that its article is not free, and shows more of it, shows all: of the fundus pages that say so,
those that break off have 240 to 1,400 characters."""
_NOTICE_CHARS: Final = 120
_ELLIPSIS: Final = re.compile(
    r"(?:\.\.\.|\u2026|\[\u2026\])[\])\"\u00bb\u201d]*$"
)  # HORIZONTAL ELLIPSIS; closing quotes


def extent_of(text: str, left_out: Sequence[str], *, is_paywalled: bool) -> Extent:
    """How much `text` is of the article; `left_out` are the page's other lines."""
    if weight(text) >= _SHORT_CHARS:
        return Extent.FULL
    if is_paywalled or any(is_login(line) for line in left_out if len(line) <= _NOTICE_CHARS):
        return Extent.PAYWALL
    if _ELLIPSIS.search(text):
        return Extent.STUB
    return Extent.FULL
