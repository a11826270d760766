"""Which sets may be learnt from, and which sites are held out together."""

import hashlib
from typing import Any, Final
from urllib.parse import urlsplit

SETS: Final = ("fundus", "mozilla", "n4k", "traf", "wcxb")
"""What may be learnt from, by licence; other sets of the folder are only evaluated."""
FOLDS: Final = 4


def fold_of(host: str, folds: int = FOLDS) -> int:
    """The fold of all pages of a host: a digest of its name, so that it depends on nothing else."""
    return int.from_bytes(hashlib.blake2b(host.encode(), digest_size=8).digest(), "big") % folds


def host_of(row: dict[str, Any]) -> str:
    """The registered part of the page's host, roughly: subdomains of one site stay together."""
    host = urlsplit(row.get("url") or "").hostname
    return ".".join(host.split(".")[-2:]) if host else str(row["id"])
