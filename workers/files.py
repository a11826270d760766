"""Reading files as raw events: a page a file, or an envelope a line; a file at a time, a line at a time."""

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

import orjson

PAGE_TYPES: Final = {".html": "text/html", ".htm": "text/html", ".xhtml": "text/html", ".txt": "text/plain"}
LINES_SUFFIXES: Final = frozenset({".jsonl", ".ndjson"})
SUFFIXES: Final = frozenset({*PAGE_TYPES, ".json", *LINES_SUFFIXES})
"""What is read from a folder, with or without .gz. A file that is named is read whatever its ending."""
JSON_TYPE: Final = "application/json"

_GZIP_MAGIC: Final = b"\x1f\x8b"  # RFC 1952, section 2.3.1
_PIECE_BYTES: Final = 1 << 20
_BEGINS_AS_OBJECT: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a file: its line (from 1; None for a page), its bytes, and what the file says of its type.

    `size_bytes` is what the file has; `value` is cut where that is more than the reader was told to read.
    """

    file: str
    line: int | None
    value: bytes
    content_type: str | None
    size_bytes: int

    @property
    def where(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"

    @property
    def is_cut(self) -> bool:
        return self.size_bytes > len(self.value)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be read, or not to its end, and why."""

    file: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {self.why}"


class Reader:
    """Iterates over the events in `paths`, folders included; `-` is `stdin`.

    `done_bytes` of `total_bytes` (None with standard input) have been read, as the files are on the disk.
    """

    def __init__(
        self, paths: Sequence[Path], stdin: BinaryIO, max_bytes: int, *, lines_only: bool = False
    ) -> None:
        self._found = list(_found(paths))
        self._stdin = stdin
        self._max_bytes = max_bytes
        self._lines_only = lines_only
        self._finished_bytes = 0
        self._file: BinaryIO | None = None

    @property
    def total_bytes(self) -> int | None:
        if any(str(path) == "-" for path in self._found):
            return None
        return sum(_size(path) for path in self._found if isinstance(path, Path))

    @property
    def done_bytes(self) -> int:
        return self._finished_bytes + (self._file.tell() if self._file is not None else 0)

    def __iter__(self) -> Iterator[Entry | Unreadable]:
        for path in self._found:
            if isinstance(path, Unreadable):
                yield path
                continue
            name = os.fsencode(path).decode("utf-8", "replace")
            try:
                yield from self._entries(path, name)
            except (OSError, EOFError, zlib.error) as error:
                why = getattr(error, "strerror", None) or str(error) or type(error).__name__
                yield Unreadable(name, f"cannot be read: {why}")

    def _entries(self, path: Path, name: str) -> Iterator[Entry]:
        if str(path) == "-":
            yield from self._entries_of(_unpacked(_peekable(self._stdin)), name, "")
            return
        suffix = Path(path.stem if path.suffix.lower() == ".gz" else path.name).suffix.lower()
        with cast("io.BufferedReader", path.open("rb", buffering=_PIECE_BYTES)) as file:
            self._file = cast("BinaryIO", file.raw)
            try:
                yield from self._entries_of(_unpacked(file), name, suffix)
            finally:
                self._file = None
        self._finished_bytes += _size(path)

    def _entries_of(self, stream: BinaryIO, name: str, suffix: str) -> Iterator[Entry]:
        """By the name's suffix; where that does not tell, by the first line: JSON lines, or else one page."""
        if suffix in PAGE_TYPES and not self._lines_only:
            yield self._page(name, b"", stream, PAGE_TYPES[suffix])
        elif suffix in LINES_SUFFIXES or self._lines_only:
            yield from self._lines(name, 1, b"", stream)
        else:
            before, number, first = self._first_line(stream)
            if _is_object(first):
                yield from self._lines(name, number, first, stream)
            else:
                content_type = JSON_TYPE if suffix == ".json" else None
                yield self._page(name, before + first, stream, content_type)

    def _first_line(self, stream: BinaryIO) -> tuple[bytes, int, bytes]:
        """The blank lines, the number of the line after them, and that line, or its beginning if it is too long."""
        before, number, size = b"", 1, self._max_bytes + 1
        while (line := stream.readline(size - len(before))) and not line.strip():
            before += line
            number += 1
        return before, number, line

    def _page(self, name: str, begun: bytes, stream: BinaryIO, content_type: str | None) -> Entry:
        value = begun + _read(stream, max(0, self._max_bytes + 1 - len(begun)))
        rest = 0
        if len(value) > self._max_bytes:
            while piece := stream.read(_PIECE_BYTES):
                rest += len(piece)
        return Entry(name, None, value[: self._max_bytes], content_type, len(value) + rest)

    def _lines(self, name: str, number: int, first: bytes, stream: BinaryIO) -> Iterator[Entry]:
        line = first or stream.readline(self._max_bytes + 1)
        while line:
            size, end = len(line), line
            while not end.endswith(b"\n") and (end := stream.readline(_PIECE_BYTES)):
                size += len(end)
            value = line.rstrip(b"\r\n")
            if value.strip():
                size -= len(end) - len(end.rstrip(b"\r\n"))
                yield Entry(name, number, value[: self._max_bytes], JSON_TYPE, size)
            number += 1
            line = stream.readline(self._max_bytes + 1)


def _found(paths: Iterable[Path]) -> Iterator[Path | Unreadable]:
    for path in paths:
        if str(path) == "-" or not path.is_dir():
            yield path
            continue
        inside = list(_walked(path))
        yield from inside
        if not inside:
            endings = ", ".join(sorted(SUFFIXES))
            yield Unreadable(str(path), f"there are no pages in this folder; their names end in {endings}")


def _walked(folder: Path) -> Iterator[Path]:
    """The folder's pages by name, then those of the folders in it; links to folders are not followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            stem = name[:-3] if name.lower().endswith(".gz") else name
            if Path(stem).suffix.lower() in SUFFIXES:
                yield Path(place, name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _peekable(stream: BinaryIO) -> io.BufferedReader:
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(cast("io.RawIOBase", stream))


def _unpacked(stream: io.BufferedReader) -> BinaryIO:
    if stream.peek(2)[:2] == _GZIP_MAGIC:
        return cast("BinaryIO", gzip.GzipFile(fileobj=stream))
    return stream


def _read(stream: BinaryIO, size: int) -> bytes:
    """`size` bytes, or all there are: one call may give fewer."""
    pieces, missing = [], size
    while missing and (piece := stream.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _is_object(line: bytes) -> bool:
    """Whether the line is a JSON object of its own; not so the first line of one over several lines."""
    if not _BEGINS_AS_OBJECT.match(line):
        return False
    try:
        return isinstance(orjson.loads(line.removeprefix(b"\xef\xbb\xbf")), dict)
    except orjson.JSONDecodeError:
        return False
