"""What a page states about itself: JSON-LD, meta elements, microdata, by-lines, dates in its text."""

from workers.boilerplate.metadata.read import Metadata, read_metadata

__all__ = ["Metadata", "read_metadata"]
