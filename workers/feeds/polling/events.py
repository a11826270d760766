"""From an item of a feed and its page to a raw event. Pure.

The event is the bare page, byte for byte as the server sent it, whatever it is: an image or a PDF too, which ends in
articles.rejected as not_text, where it is counted. `url` is where the page came from after redirects; the key is the
address that the feed gives, so that all versions of an item are in one partition, in order.
"""

import re
from typing import Final

from schemas.wire import encode
from workers.feeds.model import Answer, Fault, Feed, Item
from workers.feeds.send import Outgoing

_COMMAS: Final = re.compile("[,\u060c]")  # COMMA, ARABIC COMMA: they separate tags in the header

_BEFORE_BRACE: Final = b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"
"""A page of no stated type that begins with a brace, after these (UTF-16 too), is read as an envelope."""


def event_of(
    feed: Feed, item: Item, answer: Answer | None, *, fetched_at: str, fault: Fault | None = None
) -> Outgoing:
    """The raw event: of the page, or without one (`answer` is None) of what the feed carries, which has to be there.

    `fetched_at` is RFC 3339. `fault` is why there is no page, where it was asked for. `meta` says under `feed` which
    feed and item it was, and whether the body is the page or the feed's.
    """
    url: str | None
    if answer is not None:
        body, content_type, url = answer.body, _page_type(answer), answer.url
    else:
        assert item.content is not None
        body, content_type, url = _utf8(item.content), f"{item.content_type}; charset=utf-8", item.url
    about = {"url": feed.url, "item": item.id, "body": "feed" if answer is None else "page"}
    if item.url and item.url != url:
        about["item_url"] = item.url
    if fault is not None:
        about["fault"] = fault.value
    fields = (
        ("content-type", content_type),
        ("url", url),
        ("source", feed.source),
        ("fetched-at", fetched_at),
        ("title", item.title),
        ("published-at", item.published_at),
        ("lang", feed.lang or item.lang),
        ("author", item.author),
        ("tags", _listed((*feed.tags, *item.tags))),
    )
    headers = [(name, _utf8(value)) for name, value in fields if value]
    return Outgoing(
        where=item.url or item.id,
        key=_utf8(item.url or item.id),
        value=body,
        headers=(*headers, ("meta", encode({"feed": about}))),
    )


def _page_type(answer: Answer) -> str:
    """As the server sent it; but what would make an envelope of the page, and its words ours, is plain text."""
    stated = answer.content_type or ""
    essence = stated.partition(";")[0].strip().lower()
    is_json = essence.endswith(("/json", "+json"))
    is_open = essence in {"", "application/octet-stream", "binary/octet-stream"}
    is_object = is_open and answer.body.lstrip(_BEFORE_BRACE).startswith(b"{")
    return "text/plain" if is_json or is_object else stated


def _listed(tags: tuple[str, ...]) -> str:
    return ",".join(dict.fromkeys(_COMMAS.sub(" ", tag).strip() for tag in tags if tag.strip()))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
