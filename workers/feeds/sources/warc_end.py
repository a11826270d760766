"""Whether a WARC file ends where its last record does: FastWARC takes a record that breaks off for the file's end.

Source: WARC/1.1 (ISO 28500:2017), section 4 and annex D: a record ends with two line ends, and a gzipped file holds
a member for each record.
"""

import re
import zlib
from typing import BinaryIO, Final

_PIECE_BYTES: Final = 64 << 10
_GZIP_MAGIC: Final = b"\x1f\x8b"  # RFC 1952, section 2.3.1
_LENGTH: Final = re.compile(rb"^content-length:[ \t]*([0-9]{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_MAX_HEADER_BYTES: Final = 32 << 10  # FastWARC's own limit


def fault_at_the_end(stream: BinaryIO, last: int) -> tuple[int, str] | None:
    """Where the file is broken, and how; None where it ends with its last record, which begins at `last`."""
    size = stream.seek(0, 2)
    if _is_gzip(stream, 0) and not (last < size and _is_gzip(stream, last)):
        last = 0  # all records are in one member, which has to be whole
    while last < size:
        end = record_end(stream, last)
        if end is None:
            return last, "the last record breaks off"
        last = end
    return None


def record_end(stream: BinaryIO, begin: int) -> int | None:
    """Where the record that begins at `begin` ends; None where it breaks off, or there is none."""
    stream.seek(begin)
    return _member_end(stream, begin) if _is_gzip(stream, begin) else _plain_end(stream, begin)


def _is_gzip(stream: BinaryIO, at: int) -> bool:
    stream.seek(at)
    found = stream.read(2) == _GZIP_MAGIC
    stream.seek(at)
    return found


def _member_end(stream: BinaryIO, begin: int) -> int | None:
    machine = zlib.decompressobj(31)
    end = begin
    while piece := stream.read(_PIECE_BYTES):
        end += len(piece)
        try:
            while piece:
                machine.decompress(piece, _PIECE_BYTES)
                piece = machine.unconsumed_tail
        except zlib.error:
            return None
        if machine.eof:
            return end - len(machine.unused_data)
    return None


def _plain_end(stream: BinaryIO, begin: int) -> int | None:
    head = stream.read(_MAX_HEADER_BYTES)
    if not head.strip(b"\r\n"):
        return begin + len(head)
    header, blank, _ = head.partition(b"\r\n\r\n")
    length = _LENGTH.search(header)
    if not (header.lstrip(b"\r\n").startswith(b"WARC/") and blank and length):
        return None
    end = begin + len(header) + len(blank) + int(length[1])
    stream.seek(end)
    if len(stream.read(4).strip(b"\r\n")) or stream.tell() < end + 4:
        return None
    return end + 4
