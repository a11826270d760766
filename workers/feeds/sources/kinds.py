"""What a file is, by the ending of its name."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What is read from a file, and how."""

    PAGE = "page"
    ENVELOPE = "json"
    LINES = "jsonl"
    WARC = "warc"
    TAR = "tar"
    ZIP = "zip"


FORMATS: Final = (Kind.LINES, Kind.WARC, Kind.TAR, Kind.ZIP)
"""What a user may say that files are, whatever their names."""
BULK: Final = frozenset({Kind.WARC, Kind.TAR, Kind.ZIP})

_ENDINGS: Final = {
    ".html": Kind.PAGE,
    ".htm": Kind.PAGE,
    ".xhtml": Kind.PAGE,
    ".txt": Kind.PAGE,
    ".json": Kind.ENVELOPE,
    ".jsonl": Kind.LINES,
    ".ndjson": Kind.LINES,
    ".warc": Kind.WARC,
    ".tar": Kind.TAR,
    ".tgz": Kind.TAR,
    ".tbz2": Kind.TAR,
    ".txz": Kind.TAR,
    ".tar.bz2": Kind.TAR,
    ".tar.xz": Kind.TAR,
    ".zip": Kind.ZIP,
}
KNOWN_ENDINGS: Final = ", ".join(_ENDINGS)


def kind_of(name: str) -> Kind | None:
    """The kind of the file, or None; .gz behind an ending is packed as that says (not so of a zip archive)."""
    name = name.lower()
    stem = name.removesuffix(".gz")
    for ending, kind in _ENDINGS.items():
        if stem.endswith(ending) and not (kind is Kind.ZIP and stem != name):
            return kind
    return None
