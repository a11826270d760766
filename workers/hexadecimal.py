"""Bytes as people read them."""

from collections.abc import Iterator
from typing import Final

ROW_BYTES: Final = 16


def hex_rows(data: bytes) -> Iterator[str]:
    """The bytes as hexadecimal, 16 a row, each row with its offset and what is printable ASCII in it."""
    for offset in range(0, len(data), ROW_BYTES):
        row = data[offset : offset + ROW_BYTES]
        printable = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"{offset:04x}  {row.hex(' '):<{3 * ROW_BYTES}} {printable}"
