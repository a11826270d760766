"""Feeds of all kinds, from bytes to a Document. Nothing here asks the network for anything."""

from workers.feeds.formats.read import read_answer, read_document

__all__ = ["read_answer", "read_document"]
