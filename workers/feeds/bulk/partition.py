"""The partitions that keys belong to, as Kafka's own clients choose them, for many keys at once.

Source: org.apache.kafka.common.utils.Utils.murmur2. kafka-python 3.0.12 hashes a key byte by byte: of a URL of 80
characters in 70 µs, where this takes 6 (docs/benchmarks.md).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

_SEED: Final = np.uint32(0x9747B28C)
_M: Final = np.uint32(0x5BD1E995)
_WORD: Final = 4
_LONG_BYTES: Final = 4096
"""All keys take as much memory as the longest of them; longer ones are rare, and hashed alone."""


def partitions_of(keys: Sequence[bytes], partitions: int) -> list[int]:
    """The partition of each key among so many."""
    if not keys:
        return []
    if len(keys) > 1 and max(map(len, keys)) > _LONG_BYTES:
        return [number for key in keys for number in partitions_of([key], partitions)]
    found: list[int] = ((murmur2(keys) & np.uint32(0x7FFFFFFF)) % np.uint32(partitions)).tolist()
    return found


def murmur2(keys: Sequence[bytes]) -> npt.NDArray[np.uint32]:
    """The hash of each key. Memory goes by the longest one."""
    lengths = np.fromiter(map(len, keys), np.uint32, len(keys))
    words, rest = np.divmod(lengths, np.uint32(_WORD))
    width = int(words.max()) + 1
    padded = b"".join(key.ljust(width * _WORD, b"\0") for key in keys)
    table = np.frombuffer(padded, "<u4").reshape(len(keys), width).T.astype(np.uint32)
    mixed = table * _M
    mixed ^= mixed >> np.uint32(24)
    mixed *= _M
    value = _SEED ^ lengths
    for number in range(width - 1):
        value = np.where(number < words, (value * _M) ^ mixed[number], value)
    # Zeros behind the last bytes make them a word of their own.
    value = np.where(rest > 0, (value ^ table[words, np.arange(len(keys))]) * _M, value)
    value ^= value >> np.uint32(13)
    value *= _M
    return value ^ value >> np.uint32(15)
