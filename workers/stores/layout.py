"""How the index lies in its store, and how candidates and answers travel. The script in lua/ reads and writes it.

| key | type | what is in it | size at a window of W | lifetime |
|---|---|---|---|---|
| khabar:dedup:2:{SHARD}:layout | hash | last arrival, window it was made for | 2 fields | for ever |
| khabar:dedup:2:{SHARD}:readers | hash | TOPIC:PARTITION -> its number, and its committed offset | a field a partition | for ever |
| khabar:dedup:2:{SHARD}:records:N | string | 231 records of 283 bytes: fingerprint, verdict | 285 bytes an article | W arrivals |
| khabar:dedup:2:{SHARD}:anchors:N | string | 1,362 buckets of 8 entries: anchor -> arrival | 86 bytes an article | W arrivals |
| khabar:dedup:2:{SHARD}:origins:N | string | likewise: origin -> arrival | 8 bytes an article | W arrivals |
| khabar:dedup:2:{SHARD}:digests:N | string | likewise: digest -> arrival | 8 bytes an article | W arrivals |
| khabar:dedup:2:{SHARD}:pages:N | string | likewise: page -> arrival | 8 bytes an article | W arrivals |

SHARD is a number: the hash tag that keeps a shard's keys in one slot of a Redis Cluster; a language belongs to one
shard. N numbers the strings, which are of 64 kB each. 2 is the version of this layout. An arrival is an article's
number within its shard, from 1. Records are a ring: each arrival overwrites the oldest. A full bucket loses its
oldest entry; there is some room to spare. So the size is known beforehand and nothing has a
time to live; an evicting maxmemory-policy would take whole strings, which `workers.stores.connection` forbids.
"""

from dataclasses import dataclass
from hashlib import blake2b
from struct import Struct
from typing import Final
from zlib import crc32

from schemas.published_article import Duplicate, Relation
from workers.dedup.index import Candidate, Fingerprint
from workers.dedup.rules import RULES, Rules
from workers.dedup.signature import ANCHOR_BYTES, KEY_BYTES, LEAD_ANCHORS, NUMBERS_SIZE, SMALLEST_ANCHORS
from workers.dedup.stage import NAMES_SIZE

LAYOUT_VERSION: Final = 2
CHUNK_BYTES: Final = 65_400
"""A string holds as many records or buckets as go into this; with its key it takes less than STRING_BYTES."""
STRING_BYTES: Final = 1 << 16
RECORD_BYTES: Final = 283
BUCKET_BYTES: Final = 48
BUCKET_ENTRIES: Final = 8
FEWEST_BUCKETS: Final = 16
RECORDS: Final = "records"
_KEY_TABLES: Final = ("origins", "digests", "pages")
_KEY_ROOM: Final = 1.25
_ANCHOR_ROOM: Final = 1.1
"""Entries that there is room for, to those that a full window takes. Of its anchors an article can lose some."""
RELATIONS: Final = (
    Relation.UNIQUE,
    Relation.EXACT,
    Relation.NEAR,
    Relation.TRUNCATED,
    Relation.EXTENDED,
    Relation.CONTAINED_IN,
    Relation.REVISION,
)
SIMILARITY_STEPS: Final = 10_000
_HEAD: Final = Struct(f">16s8s8s8s2sH6s4x1x2x1x2x4x16x16xHIBBB{2 * NUMBERS_SIZE}s{2 * NAMES_SIZE}s2sBBBx")
_ANSWER: Final = Struct(">BHH16s16s")
NO_ID: Final = bytes(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How much an index remembers: the last `window` arrivals, and none that is older than `days`."""

    window: int
    days: float


def shard_key(prefix: str, shard: int) -> str:
    """The layout hash of a shard: the one key that the script is given."""
    return f"{prefix}:dedup:{LAYOUT_VERSION}:{{{shard}}}:layout"


def strings(key: str, window: int) -> dict[str, list[str]]:
    """By table, the keys of the strings that a full index has which was made for `window`; `key` is its shard_key."""
    prefix = key.removesuffix("layout")
    return {
        name: [f"{prefix}{name}:{number}" for number in range(-(-units // (CHUNK_BYTES // size)))]
        for name, (units, size) in _tables(window).items()
    }


def full_bytes(window: int) -> int:
    """What a full shard takes in Redis, at most: some 390 bytes an article where there are many."""
    return sum(len(keys) * STRING_BYTES for keys in strings("", window).values())


def _tables(window: int) -> dict[str, tuple[int, int]]:
    """How many units each table has, and their size in bytes; lua/storage.lua reckons likewise."""
    keys = max(FEWEST_BUCKETS, int(window * _KEY_ROOM / BUCKET_ENTRIES + 0.5))
    anchors = window * (SMALLEST_ANCHORS + LEAD_ANCHORS) * _ANCHOR_ROOM
    return {
        RECORDS: (window + 1, RECORD_BYTES),
        "anchors": (max(FEWEST_BUCKETS, int(anchors / BUCKET_ENTRIES + 0.5)), BUCKET_BYTES),
        **dict.fromkeys(_KEY_TABLES, (keys, BUCKET_BYTES)),
    }


def shard_of(lang: str, shards: int) -> int:
    """The shard in which articles of a language meet."""
    return crc32(lang.encode()) % shards


def settings(retention: Retention, rules: Rules = RULES) -> bytes:
    """The script's first argument."""
    return " ".join(
        str(number)
        for number in (
            retention.window,
            round(retention.days * 86400),
            SMALLEST_ANCHORS + LEAD_ANCHORS,
            _KEY_ROOM,
            _ANCHOR_ROOM,
            rules.compared,
            rules.shared_anchors,
            rules.jaccard,
            rules.containment,
            rules.many_anchors,
            rules.containment_with_many,
            rules.truncated_ratio,
            rules.short_ratio,
            rules.contained,
            rules.numbers,
            rules.numbers_shared,
            rules.unlike,
            rules.unlike_numbers_shared,
            rules.names,
            rules.names_shared,
            rules.names_ratio,
            rules.common_stories,
        )
    ).encode()


def origin_key(origin: str) -> bytes:
    """The key under which an arrival is known again."""
    return blake2b(origin.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def packed(candidate: Candidate, readers: dict[str, int]) -> bytes:
    """A candidate as the script takes it; `readers` maps the readers of the call to their numbers.

    Raises ValueError for an id that is not 32 hex digits.
    """
    new: Fingerprint = candidate.fingerprint
    signature = new.signature
    read = candidate.read
    return b"".join(
        (
            _HEAD.pack(
                bytes.fromhex(new.id),
                origin_key(candidate.origin),
                signature.digest,
                new.url_key,
                new.source,
                readers[read.reader] if read else 0,
                (read.offset if read else 0).to_bytes(6, "big"),
                signature.shingles,
                signature.reach,
                len(signature.tags) // 2,
                len(signature.numbers) // 2,
                len(new.names) // 2,
                signature.numbers,
                new.names,
                signature.opening,
                signature.own_anchors,
                len(signature.anchors) // ANCHOR_BYTES,
                len(signature.lead) // 2,
            ),
            signature.tags,
            signature.values,
            signature.anchors,
            signature.lead,
        )
    )


def verdicts(answers: bytes) -> list[Duplicate]:
    """The script's answers."""
    return [_verdict(*fields) for fields in _ANSWER.iter_unpack(answers)]


def _verdict(relation: int, revision: int, similarity: int, of: bytes, cluster: bytes) -> Duplicate:
    kind = RELATIONS[relation - 1]
    other = None if of == NO_ID else of.hex()
    is_unique = kind is Relation.UNIQUE
    return Duplicate(
        relation=kind,
        of=None if is_unique else other,
        similarity=None if other is None else similarity / SIMILARITY_STEPS,
        cluster=cluster.hex(),
        revision=revision if kind is Relation.REVISION else None,
        contains=other if is_unique else None,
    )
