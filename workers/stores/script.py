"""The script of the index, called shard by shard."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from schemas.published_article import Duplicate
from workers.dedup.index import Candidate, PendingError, Read
from workers.dedup.rules import Rules
from workers.stores.layout import (
    Retention,
    origin_key,
    packed,
    settings,
    shard_key,
    shard_of,
    verdicts,
)

PARTS: Final = ("storage", "resemblance", "verdict")
SCRIPT: Final = b"\n".join((Path(__file__).parent / "lua" / f"{part}.lua").read_bytes() for part in PARTS)

Call = Callable[[str, Sequence[bytes]], list[bytes]]
"""Runs the script with a key and arguments."""


class Shards:
    """What is the same for every store: which shard decides what, and the script's arguments and answers."""

    def __init__(self, prefix: str, count: int, retention: Retention, rules: Rules) -> None:
        self.keys: Final = tuple(shard_key(prefix, shard) for shard in range(count))
        self._settings = settings(retention, rules)

    def decide(
        self, call: Call, candidates: Sequence[Candidate], withdrawn: Sequence[str], own: Mapping[str, int]
    ) -> list[Duplicate]:
        """See Index.decide: one call for each shard that has candidates, and for each if something is withdrawn."""
        by_shard: dict[int, list[int]] = {shard: [] for shard in range(len(self.keys))} if withdrawn else {}
        for number, candidate in enumerate(candidates):
            by_shard.setdefault(shard_of(candidate.fingerprint.lang, len(self.keys)), []).append(number)
        void = b"".join(map(origin_key, withdrawn))
        found: dict[int, Duplicate] = {}
        # Always in this order: workers that wait for each other's shards would wait for ever.
        for shard, numbers in sorted(by_shard.items()):
            answers = self._call(call, shard, [candidates[number] for number in numbers], void, own)
            found |= zip(numbers, answers, strict=True)
        return [found[number] for number in range(len(candidates))]

    def committed(self, call: Call, offsets: Mapping[str, int]) -> None:
        """See Index.committed."""
        readers = _readers({}, offsets, ())
        for key in self.keys:
            call(key, [self._settings, readers, b""])

    def _call(
        self, call: Call, shard: int, candidates: Sequence[Candidate], void: bytes, own: Mapping[str, int]
    ) -> list[Duplicate]:
        names = sorted({each.read.reader for each in candidates if each.read} | set(own))
        numbers = {name: number for number, name in enumerate(names, start=1)}
        arguments = [packed(candidate, numbers) for candidate in candidates]
        outcome, *rest = call(self.keys[shard], [self._settings, _readers(own, {}, names), void, *arguments])
        if outcome == b"pending":
            raise PendingError(Read(rest[0].decode(), int(rest[1])))
        return verdicts(rest[0])


def _readers(own: Mapping[str, int], others: Mapping[str, int], names: Sequence[str]) -> bytes:
    lines = [f"{name} {own.get(name, 0)} {int(name in own)}" for name in names]
    return " ".join([*lines, *(f"{name} {offset} 0" for name, offset in others.items())]).encode()
