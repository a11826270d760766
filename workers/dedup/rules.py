"""When two articles count as the same: the rules that every index follows, and their numbers.

workers/stores/index.lua says the same in Lua; one contract suite holds both to it.
"""

import struct
from dataclasses import dataclass
from typing import Final

from workers.dedup.index import Fingerprint

SIMILARITY_STEPS: Final = 10_000
"""Similarity is kept to four decimals, so that it comes back from a store as it went in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Near-duplicates are found by shared anchors and confirmed by their sketches.

    All numbers were chosen with `python -m workers.dedup.evaluate DATA --half a`, on generated edits of real Arabic and
    English articles: F1 .980, precision .999; on half b, which chose nothing, .982 and .999. One at a time on half a:
    sketches of 48 or 32 hashes instead of 64: F1 .977, .963; 8 anchors instead of 16: .975; no containment: .940;
    8 hashes of numbers instead of 16: .900; no rule for numbers: .879. What all articles of one source share
    (footers) is compared like everything else: 2 % of articles with the same long footer are taken for copies.
    """

    anchors: int = 16
    """The smallest shingle hashes under which an article can be found."""
    shared_anchors: int = 2
    """Fewer in common are no reason to compare."""
    compared: int = 12
    """At most so many earlier articles, those with most anchors in common first, are compared."""
    jaccard: float = 0.45
    containment: float = 0.7
    length_ratio: float = 0.25
    """Near: Jaccard of at least `jaccard`; or containment of at least `containment` and the shorter text has at
    least this part of the longer one's shingles."""
    numbers: int = 5
    numbers_shared: float = 0.5
    """If both texts hold at least `numbers` different numbers (of those sampled), this part must agree: weather,
    market and results templates differ in little else."""


RULES: Final = Rules()


@dataclass(frozen=True, slots=True)
class Resemblance:
    """Estimates from two sketches, in 0..1: of Jaccard, and of the part of the shorter text in the longer one."""

    jaccard: float
    containment: float


def resemblance(one: Fingerprint, other: Fingerprint) -> Resemblance:
    """Both sketches are complete samples of the hashes up to the smaller of their largest values; beyond it one of
    them says nothing. Source: Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007.
    """
    ours, theirs = _values(one.sketch), _values(other.sketch)
    limit = min(_reach(one, ours), _reach(other, theirs))
    ours, theirs = {v for v in ours if v <= limit}, {v for v in theirs if v <= limit}
    common, shorter = len(ours & theirs), min(len(ours), len(theirs))
    if not common:
        return Resemblance(0.0, 0.0)
    return Resemblance(common / (len(ours) + len(theirs) - common), common / shorter)


def is_near(one: Fingerprint, other: Fingerprint, found: Resemblance, rules: Rules = RULES) -> bool:
    """Whether two different texts are the same article."""
    shorter, longer = sorted((one.shingles, other.shingles))
    alike = found.jaccard >= rules.jaccard or (
        found.containment >= rules.containment and shorter >= rules.length_ratio * longer
    )
    return alike and _numbers_agree(one.numbers, other.numbers, rules)


def similarity(jaccard: float) -> float:
    """To four decimals."""
    return int(jaccard * SIMILARITY_STEPS + 0.5) / SIMILARITY_STEPS


def anchor_values(fingerprint: Fingerprint, rules: Rules = RULES) -> tuple[int, ...]:
    """The hashes under which an article is found again."""
    return _unpack("I", 4, fingerprint.sketch)[: rules.anchors]


def _values(sketch: bytes) -> set[int]:
    return set(_unpack("I", 4, sketch))


def _reach(fingerprint: Fingerprint, values: set[int]) -> int:
    is_whole = fingerprint.shingles * 4 <= len(fingerprint.sketch)
    return 0xFFFFFFFF if is_whole else max(values)


def _numbers_agree(one: bytes, other: bytes, rules: Rules) -> bool:
    ours, theirs = set(_unpack("H", 2, one)), set(_unpack("H", 2, other))
    fewer = min(len(ours), len(theirs))
    return fewer < rules.numbers or len(ours & theirs) >= rules.numbers_shared * fewer


def _unpack(kind: str, size: int, packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(packed) // size}{kind}", packed)
