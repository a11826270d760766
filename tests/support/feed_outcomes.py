"""What is at each path of the test site (feed_site.py), and what is expected of a fetcher and reader, as data."""

from dataclasses import dataclass

from workers.feeds.model import Fault, Kind

MANY = 5_000


@dataclass(frozen=True)
class Expected:
    """What becomes of a path: an answer that is read as `kind` with `items`, or a fault. `stories` are its slugs."""

    kind: Kind | None = None
    items: int = 0
    stories: tuple[str, ...] = ()
    has_problems: bool = False
    fault: Fault | None = None
    note: str = ""


def _whole(kind: Kind, *slugs: str, note: str = "", has_problems: bool = False) -> Expected:
    return Expected(kind, len(slugs), slugs, has_problems=has_problems, note=note)


FEEDS = {
    "/rss.xml": _whole(Kind.RSS, "ar-tram", "en-comet", "fr-glacier", note="ETag and Last-Modified: 304"),
    "/atom.xml": _whole(Kind.ATOM, "fa-library", "ru-baikal", note="relative links; Last-Modified: 304"),
    "/feed.json": _whole(Kind.JSON, "en-match", "ar-library", note="the page of ar-library is windows-1256"),
    "/rdf.xml": _whole(Kind.RSS, "fr-passerelle"),
    "/old.xml": _whole(Kind.RSS, "en-trade", note="RSS 0.91 with a DOCTYPE"),
    "/news-sitemap.xml": _whole(
        Kind.SITEMAP, "ru-metro", "fr-dakar", note="the page of ru-metro is windows-1251"
    ),
    "/more-sitemap.xml.gz": _whole(Kind.SITEMAP, "fa-football", note="a gzip file, not a content-coding"),
    "/sitemap-index.xml": Expected(Kind.SITEMAP_INDEX, note="children: the two sitemaps above"),
    "/gzip.xml": _whole(Kind.RSS, "fa-railway"),
    "/brotli.xml": _whole(Kind.RSS, "ar-football"),
    "/windows-1256.xml": _whole(Kind.RSS, "ar-trade", note="charset in the header only"),
    "/windows-1251.xml": _whole(Kind.RSS, "ru-trade", note="charset in the header only"),
    "/wrong-charset.xml": _whole(Kind.RSS, "ar-weather-monday", note="windows-1256 that says it is UTF-8"),
    "/full.xml": _whole(Kind.RSS, "ar-olives", note="carries the text; its page answers 503"),
    "/full-gone.xml": _whole(Kind.RSS, "en-library", note="carries the text; its page answers 404"),
    "/full-and-page.xml": _whole(Kind.RSS, "fr-pommes", note="carries the text; its page can be had"),
    "/moved.xml": _whole(Kind.RSS, "ru-apples", note="301 twice, to /moved-here.xml"),
    "/other-host.xml": _whole(Kind.RSS, "ar-weather-sunday", note="302 to the second host"),
    "/changing.xml": _whole(Kind.ATOM, "fa-saffron", note="see `change`"),
    "/many.xml": Expected(Kind.RSS, MANY, note="pages at /many/NUMBER"),
    "/ampersands.xml": _whole(Kind.RSS, "en-comet", has_problems=True, note="bare & and &nbsp;"),
    "/truncated.xml": _whole(Kind.RSS, "ar-tram", has_problems=True, note="ends within its second item"),
    "/page-faults.xml": Expected(Kind.RSS, 5, note="links to pages that cannot be had: see PAGES"),
    "/flaky-page.xml": Expected(Kind.RSS, 1, note="links to /flaky"),
    "/private-page.xml": Expected(Kind.RSS, 1, note="links to a page at a private address"),
    "/html.xml": Expected(fault=Fault.MALFORMED, note="a web page"),
    "/empty.xml": Expected(fault=Fault.MALFORMED),
    "/other.json": Expected(fault=Fault.MALFORMED, note="JSON of another kind"),
    "/billion-laughs.xml": Expected(fault=Fault.UNSAFE_XML),
    "/billion-laughs-utf16.xml": Expected(fault=Fault.UNSAFE_XML),
    "/quadratic.xml": Expected(fault=Fault.UNSAFE_XML),
    "/external.xml": Expected(fault=Fault.UNSAFE_XML),
    "/bomb.xml": Expected(fault=Fault.TOO_LARGE, note="300 MiB of zeros in 300 kB of gzip"),
    "/broken-gzip.xml": Expected(fault=Fault.BAD_ENCODING, note="gzip that ends too early"),
    "/no-gzip.xml": Expected(fault=Fault.BAD_ENCODING, note="plain, though it says gzip"),
    "/short.xml": Expected(fault=Fault.CONNECTION, note="fewer bytes than Content-Length says"),
    "/hang-up.xml": Expected(fault=Fault.CONNECTION, note="closes without an answer"),
    "/silent.xml": Expected(fault=Fault.TIMEOUT, note="never answers"),
    "/drip.xml": Expected(fault=Fault.TIMEOUT, note="a byte every tenth of a second, for ever"),
    "/circle.xml": Expected(fault=Fault.REDIRECTS, note="to /circle-2.xml and back"),
    "/endless.xml": Expected(fault=Fault.REDIRECTS, note="each redirect leads to another"),
    "/to-private.xml": Expected(fault=Fault.FORBIDDEN_ADDRESS, note="302 to 10.0.0.1"),
    "/to-file.xml": Expected(fault=Fault.FORBIDDEN_SCHEME, note="302 to file:///etc/passwd"),
    "/limited.xml": Expected(fault=Fault.RATE_LIMITED, note="429, Retry-After: 2; the whole host is held"),
    "/busy.xml": Expected(fault=Fault.RATE_LIMITED, note="503, Retry-After: 2"),
    "/down.xml": Expected(fault=Fault.HTTP_ERROR, note="500"),
    "/unasked-304.xml": Expected(
        fault=Fault.HTTP_ERROR, note="304 to one who has said nothing of what is known"
    ),
    "/missing.xml": Expected(fault=Fault.GONE, note="404"),
    "/login.xml": Expected(fault=Fault.REFUSED, note="401"),
}

PAGES = {
    "/gone": Expected(fault=Fault.GONE, note="404"),
    "/gone-410": Expected(fault=Fault.GONE, note="410"),
    "/oversized": Expected(fault=Fault.TOO_LARGE, note="11 MiB"),
    "/forbidden/story": Expected(fault=Fault.ROBOTS),
    "/down": Expected(fault=Fault.HTTP_ERROR, note="503 without Retry-After"),
    "/flaky": Expected(stories=("en-match",), note="503 the first two times, then the story"),
    "/changing": Expected(stories=("fa-saffron",), note="its text changes with `change`"),
}
"""Besides /story/SLUG and /many/NUMBER. The first five are those of /page-faults.xml."""
