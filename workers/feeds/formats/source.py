"""A feed's text, and where it came from."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from workers.feeds.model import Fault, FeedError

_ONE_LINE: Final = re.compile(r"[\t\r\n]+\s*")


@dataclass(frozen=True, slots=True)
class Source:
    """What is read. `problems` were found before the reader sees it."""

    text: str
    url: str
    problems: tuple[str, ...] = ()

    def malformed(self, what: str) -> FeedError:
        return FeedError(Fault.MALFORMED, f"{self.url} {what}", url=self.url)

    def absolute(self, address: object) -> str | None:
        """An address in the feed as a URL of the web, or None."""
        if not isinstance(address, str) or not (address := _ONE_LINE.sub("", address).strip()):
            return None
        try:
            joined = urljoin(self.url, address.replace(" ", "%20"))
            parts = urlsplit(joined)
            is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            return None
        return joined if is_web else None
