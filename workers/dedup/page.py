"""Which page an article stands on, and which index it belongs to."""

import re
from hashlib import blake2b
from typing import Final

from courlan import normalize_url

from workers.dedup.signature import KEY_BYTES

NO_PAGE: Final = b""


def page_key(url: str | None) -> bytes:
    """The key of the page at `url`: eight bytes, or NO_PAGE for no URL, an unreadable one, and a site's front page
    (feeds that know no better give it for all their articles).

    Scheme, `www.`, fragment, tracking parameters, parameter order and a last slash make no difference.
    """
    try:
        normal = normalize_url(url) if url else ""
    except ValueError:  # not a URL, or one with lone surrogates
        return NO_PAGE
    address = re.sub(r"^https?://(www\.)?", "", normal.partition("#")[0])
    host, _, path = address.partition("/")
    if not host or not path.strip("/"):
        return NO_PAGE
    return blake2b(f"{host}/{path.rstrip('/')}".encode(), digest_size=KEY_BYTES).digest()


def index_language(lang: str) -> str:
    """The primary language subtag of a BCP 47 tag (`ar` for `ar-EG`), `und` for what is none.

    It names an index, so it has to come from a bounded set whatever producers write.
    """
    subtag = re.match(r"([A-Za-z]{2,3})(?![A-Za-z0-9])", lang)
    return subtag[1].lower() if subtag else "und"
