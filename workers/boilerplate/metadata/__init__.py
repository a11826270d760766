"""What a page states about itself: JSON-LD, meta elements, microdata, by-lines, dates in its text."""

from workers.boilerplate.metadata.read import Metadata, read_metadata
from workers.boilerplate.metadata.view import PageView, structured_data

__all__ = ["Metadata", "PageView", "read_metadata", "structured_data"]
