"""Reads the metadata of one page, or of a page among others."""

from collections.abc import Sequence
from datetime import datetime

import turbohtml

from workers.boilerplate.blocks import blocks_of
from workers.boilerplate.metadata import Metadata, PageView, read_metadata, structured_data
from workers.boilerplate.tokens import tokens_of


def views_of(pages: Sequence[str]) -> list[PageView]:
    """The pages of one batch."""
    documents = [turbohtml.parse(page) for page in pages]
    scripts = [structured_data(document) for document in documents]
    tokens = tokens_of(documents)
    blocks = blocks_of(tokens)
    return [PageView(tokens, blocks, number, texts) for number, texts in enumerate(scripts)]


def metadata_of(page: str, url: str | None, fetched_at: datetime | None = None) -> Metadata:
    [view] = views_of([page])
    return read_metadata(view, url=url, fetched_at=fetched_at)
