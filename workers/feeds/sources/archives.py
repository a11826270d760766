"""tar and zip archives: the members are read where they lie, one after the other.

Nothing is written to the disk, so a member's name can do no harm; and no more of a member is unpacked than the topic
takes.
"""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, BinaryIO, Final, cast

from workers.feeds.outgoing import Mistake
from workers.feeds.sources.kinds import BULK, Kind, kind_of
from workers.feeds.sources.lines import read_lines
from workers.feeds.sources.pages import BROKEN_GZIP, Known, gunzipped, read_whole
from workers.feeds.sources.step import END, START, Place, Reason, Skipped, Step

_UNREADABLE: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,  # a zip's way of packing that Python does not know
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
)
_MACOS_FOLDER: Final = "__MACOSX"
_ENCRYPTED: Final = 0x1  # APPNOTE.TXT, section 4.4.4
_PIECE_BYTES: Final = 1 << 20
_HEADER_BYTES: Final = 1 << 20
"""Of a tar's own headers; a path of Linux has at most 4,096 bytes."""
_ZEROS: Final = bytes(tarfile.BLOCKSIZE)


def read_zip(
    name: str, stream: BinaryIO, known: Known, max_bytes: int, start: Place = START
) -> Iterator[Step]:
    """The events of the members after `start`, in the archive's order."""
    try:
        archive = zipfile.ZipFile(stream)
    except (*_UNREADABLE, ValueError) as error:
        yield Step(Mistake(name, f"is no zip archive, or broken: {error}"), END, 0)
        return
    done_bytes = 0
    with archive:
        for number, info in enumerate(archive.infolist()):
            done_bytes += info.compress_size
            if number < start.member or info.is_dir():
                continue
            where, place = f"{name}!{info.filename}", _within(start, number)
            if info.flag_bits & _ENCRYPTED:
                yield Step(Mistake(where, "is encrypted"), Place(number + 1), done_bytes)
                continue
            try:
                with archive.open(info) as member:
                    for step in _member(where, info.filename, member, known, max_bytes, place):
                        yield step._replace(done_bytes=done_bytes)
            except _UNREADABLE as error:
                yield Step(Mistake(where, f"cannot be unpacked: {error}"), Place(number + 1), done_bytes)


def read_tar(
    name: str, stream: BinaryIO, known: Known, max_bytes: int, start: Place = START
) -> Iterator[Step]:
    """The events of the members after `start`, in the archive's order; packed with gzip, bzip2, xz, or not at all."""
    number = 0
    try:
        unpacked = _Watched(_unpacked(stream), max_bytes + _HEADER_BYTES)
        with tarfile.open(fileobj=cast("IO[bytes]", unpacked), mode="r:") as archive:
            while info := archive.next():
                archive.members.clear()  # type: ignore[attr-defined]  # tarfile keeps all of them
                number += 1
                if number <= start.member or info.isdir():
                    continue
                where = f"{name}!{info.name}"
                member = archive.extractfile(info) if info.isreg() else None
                if member is None:
                    yield Step(Skipped(Reason.NO_FILE), Place(number), _position(stream))
                    continue
                for step in _member(where, info.name, member, known, max_bytes, _within(start, number - 1)):
                    yield step._replace(done_bytes=_position(stream))
        if unpacked.last != _ZEROS:
            yield Step(Mistake(name, _cut(number)), END, _position(stream))
    except _UNREADABLE as error:
        message = _cut(number) if number else "is no tar archive, or broken"
        yield Step(Mistake(name, f"{message}: {error}"), END, 0)


class _Watched:
    """Remembers what was read last: of a whole tar archive a block of zeros, which tarfile does not ask for.

    Seeks forward in a pipe, too. Gives at most `most_bytes` at once: tarfile takes the size of a long name or of a pax
    header from the archive, and would hold all of it.
    """

    def __init__(self, stream: BinaryIO, most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes
        self._position = 0
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self._most_bytes:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        self.last = self._stream.read(size)
        self._position += len(self.last)
        return self.last

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int) -> None:
        if self._stream.seekable():
            self._position = self._stream.seek(offset)
        else:
            while self._position < offset and self.read(min(_PIECE_BYTES, offset - self._position)):
                pass

    def close(self) -> None:
        """The stream is its owner's to close."""


def _cut(number: int) -> str:
    return f"breaks off, or is broken, after member {number:,}; nothing after it was read"


def _position(stream: BinaryIO) -> int:
    return stream.tell() if stream.seekable() else 0


def _within(start: Place, number: int) -> Place:
    return start if number == start.member else Place(number)


def _member(
    where: str, name: str, stream: IO[bytes], known: Known, max_bytes: int, start: Place
) -> Iterator[Step]:
    """The events of one member, after `start` in it."""
    after = Place(start.member + 1)
    kind = kind_of(name)
    path = PurePosixPath(name)
    if any(part.startswith(".") and part not in {".", ".."} for part in path.parts) or (
        _MACOS_FOLDER in path.parts
    ):
        yield Step(Skipped(Reason.HIDDEN), after, 0)
    elif kind is None or kind in BULK:
        yield Step(Skipped(Reason.NESTED if kind else Reason.OTHER_FILE), after, 0)
    else:
        try:
            if kind is Kind.LINES:
                yield from read_lines(where, gunzipped(name, stream), known, max_bytes, start)
            else:
                yield Step(read_whole(where, name, gunzipped(name, stream), known, max_bytes), after, 0)
        except BROKEN_GZIP as error:
            yield Step(Mistake(where, f"cannot be unpacked: {error}"), after, 0)


def _unpacked(stream: BinaryIO) -> BinaryIO:
    begin = stream.peek(6)[:6] if hasattr(stream, "peek") else b""
    if begin.startswith(b"\x1f\x8b"):
        return cast("BinaryIO", gzip.GzipFile(fileobj=stream))
    if begin.startswith(b"BZh"):
        return cast("BinaryIO", bz2.BZ2File(stream))
    if begin.startswith(b"\xfd7zXZ\x00"):
        return cast("BinaryIO", lzma.LZMAFile(stream))
    return stream
